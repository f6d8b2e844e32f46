# 选择模块、服务选项、日常运维。

module-base = 基础
module-proven = 已验证
module-unproven = 未验证
module-unproven-long = 在此平台上未经验证：尚无人见其在此正常运行。
col-proven = 验证
module-why-base = { $name } 是每个节点的基础部分。
module-why-chosen = 已选择 { $name }。
module-why-needed = { $name } 随之安装：{ $by } 依赖它。
module-why-off = 未选择 { $name }。
module-conflicts = 不能并存
module-memory = 内存
module-configs = 选项文件
module-on-none = 没有节点
module-comes-on = 安装于：{ $names }
module-node-head = 各节点所需内存
module-node-memory = { $node }：约需 { $needs } MiB，现有 { $has }
module-memory-short = { $node }：其模块约需 { $needs } MiB，现有 { $has }。请增加内存或调整角色。
module-port-twice = { $node }：{ $one } 和 { $other } 都要使用端口 { $port }。请只选其一，或安排到不同节点。
module-pulled = { $name }（{ $by } 依赖它）
modules-set-with = 已修改 { $name } 的模块；同时加入 { $names }。
refused-module-base = { $name } 是每个节点的基础部分。
refused-module-conflict = { $one } 和 { $other } 不能安装在同一环境中：请先取消其中一个。

# 日常运维的任务
plan-kind-leave = 移除
plan-kind-roll-out = 下发
plan-kind-task = 任务
crumb-leave = 移除 { $id }
crumb-roll-out = 下发 { $id }
crumb-task = 任务 { $id }
env-state-leaving = 移除节点 { $share }
env-state-rolling-out = 下发选项 { $share }
env-state-task = 变更 { $share }
error-undo-only-all = 它由一个单独的任务整体撤回：请撤销全部。
error-undo-told = 该节点在此任务之前已安装，此任务只是让它知道新节点：撤销会拆除它自己的安装。
error-undo-refused = 无法撤回：{ $why }
undo-again = 将由一个单独的任务以原有内容重新执行安装过程中的 { $count } 个步骤
error-part-undo = 这些步骤属于安装过程，撤销它们等于撤销安装。请修改已下发的内容并再次下发，或撤销整个安装。

# 服务选项
context-options = 服务选项
context-editor = 编辑器
act-options = 服务选项
act-option-scope = 切换节点范围
hint-option-scope = 范围
act-option-roll-out = 下发已修改的选项
hint-option-roll-out = 下发
crumb-options = 选项
col-file = 文件
col-options = 选项
col-options-all = 总计
col-module = 模块
option-for = 适用于{ $scope }
option-scope-all = 所有节点
option-scope-role = 角色为{ $role }的节点
option-scope-node = 节点 { $name }
options-empty = 所选模块没有 ini 文件。
options-empty-do = 请在环境的第二个标签页选择模块。
modules-no-platform = 引擎的目录中已没有平台 { $platform }。
modules-no-platform-do = 请把它的文件夹放回 roles/，或选择其他平台：“:env-platform”。
option-editing = { $file }，适用于{ $scope }
option-line = 第 { $line } 行：{ $what }
option-good = { $count ->
    [0] 没有选项。先写 [节名]，其下写 名称 = 值；!名称 表示删除该选项。
   *[other] { $count } 个选项，没有错误。
}
option-kept = 已保存 { $file }。在选项页面按 R 下发。
option-not-kept = { $file } 未保存；原因见文本下方。
option-changed-meanwhile = { $by } 已同时修改这段文本：按 ^S 会先显示差异，再行保存。
option-section-near = 没有模块使用节 [{ $section }]。是否应为 [{ $near }]？
option-section-unknown = 没有模块使用节 [{ $section }]。
option-fault-section = 节写作 [名称]，单独占一行。
option-fault-no-section = 选项必须位于某节之下：若没有其他节，请在上面写 [DEFAULT]。
option-fault-not-an-option = 选项写作 名称 = 值，或用 !名称 删除它。
option-fault-indented = 值写在一行之内，选项从行首开始。
option-fault-control = 其中含有控制字符。
option-fault-both = 同一选项在此节中既被设置又被删除。
option-fault-secret = 这看起来是密码或密钥：请使用环境的账号（C）。
option-fault-long = 文本超过 16 KiB。
option-fault-file = 文件必须是不含空格的绝对路径。
roll-out-title = 下发已修改的选项
roll-out-what = 涉及 { $count } 个节点：{ $names }。
roll-out-steps = 步骤：{ $steps }。
roll-out-restarts = 若文件有变化则重启：{ $names }。
button-roll-out = 下发
error-nothing-to-roll-out = 没有可下发的内容：已安装的节点都已具备所设选项，或没有模块写入这些文件。
error-no-new-nodes = 环境中的所有节点都已安装。
error-no-service = 节点 { $node } 没有服务 { $unit }。
error-options-many = 一个环境最多可为 { $most } 组范围和文件设置选项文本。

## 节点的日常运维
known-since = 截至 { $at }
options-settled = 已安装的节点均已采用所设选项。
options-open = { $count } 个已安装的节点尚未采用所设选项：按 R 下发。
options-open-nodes = { $count } 个节点
options-no-module = 无模块
col-options-open = 尚未下发
context-services = 节点的服务
act-services = 节点的服务：状态、最近日志、重启
hint-services = 服务
act-service-restart = 重启服务
hint-service-restart = 重启
crumb-services = { $node } 的服务
services-asking = 正在询问 { $node } 的服务状态…
services-empty = 该节点上没有模块的服务。
services-empty-do = 服务由模块提供：节点安装后会显示在这里。
services-head = { $bad ->
    [0] { $count } 个服务，全部运行
   *[other] { $count } 个服务，{ $bad } 个未运行
}
service-state = { $state }，自 { $since } 起；上次结果：{ $result }
service-boot = 开机启动：{ $enabled }；由 systemd 重启次数：{ $restarts }
service-no-lines = 没有保留的日志。
service-restart-title = 重启 { $unit }
service-restart-what = 现在重启 { $node } 上的 { $unit }。
service-restart-risk = 它正在处理的请求可能失败。不会改变其他内容；此操作会记入审计记录。
service-restarted = { $unit } 已重启并正在运行。
service-restarted-badly = { $unit } 已重启但未运行：按 Enter 查看最近日志。
button-restart = 重启
col-service = 服务
col-restarts = 重启
leave-title = { $name } 离开环境
leave-intro = 该节点属于已安装的云。执行之前会先显示将要做什么。
field-leave-how = 方式
field-leave-guests = 其上的实例
leave-stop = 停止其服务
leave-undo = 撤销其安装
leave-gone = 机器已不在
leave-forget = 仅从列表删除
leave-stop-means = 在机器上停止其服务，其余保持不变；云和其他节点不再记录它。
leave-undo-means = 在机器上按相反顺序撤销安装；云和其他节点不再记录它。
leave-gone-means = 不在机器上执行任何操作；云和其他节点不再记录它。
leave-forget-means = 只从列表中删除：机器和云都不改动，云仍会把它计算在内。
leave-guests-keep = 有实例时不移除
leave-guests-delete = 一并删除
leave-guests-keep-means = 若其上仍有实例，任务会在做任何改动之前停止。
leave-guests-delete-means = 其上的实例将被删除。
leave-note = 此操作不可撤回，但可以重新加入该节点。
leave-started = { $name } 正在离开；任务成功结束后会从列表中删除。
leave-forgotten = { $name } 已从列表中删除；机器和云保持原样。
button-leave = 移除
job-partly-undone = 部分撤销
hint-jump-new = 通过哪台机器到达，如 admin@10.0.0.1:22；留空为直连。以与节点相同的方式登录。
