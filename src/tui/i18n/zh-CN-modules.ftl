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
crumb-leave = 移除 { $id }
crumb-roll-out = 下发 { $id }
env-state-leaving = 移除节点 { $share }
env-state-rolling-out = 下发选项 { $share }
error-part-undo = 这些步骤属于安装过程，撤销它们等于撤销安装。请修改已下发的内容并再次下发，或撤销整个安装。

error-nothing-to-roll-out = 没有可下发的内容：已安装的节点都已具备所设选项，或没有模块写入这些文件。
error-no-new-nodes = 环境中的所有节点都已安装。
error-no-service = 该节点没有这样的服务。
