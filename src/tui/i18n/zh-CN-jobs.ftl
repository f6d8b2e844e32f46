# 简体中文：任务，以及可对任务及其节点提出的要求。
## Stops
crumb-dry-run = 试运行 { $id }
crumb-rotate = 密码轮换 { $id }
crumb-reinstall = 重装 { $id }
stop-title-hold = 暂停任务 { $id }？
stop-title-drain = 跑完当前步骤后结束任务 { $id }？
stop-title-now = 立即停止任务 { $id }？
stop-what-hold = 正在运行的步骤先跑完；随后任务等待，无论谁离开，直到有人让它继续（c）。
stop-what-drain = 正在运行的步骤先跑完，不再开始新步骤，任务随即结束。之后可按 r 重新继续。
stop-what-now = 正在运行的步骤被中途结束，不会撤销任何更改。之后可按 r 从被结束的步骤继续。
stop-afterwards = 之后：{ $counts }。
stop-count = { $count } 个{ $state }
stop-step-ends = { $step } 先跑完
stop-step-ended = { $step } 被中途结束
stop-if-well = 以正在运行的步骤正常结束为前提。
stop-not-yet = 引擎尚未告知各节点将处于什么状态。
stop-asked-hold = 当前步骤跑完后暂停。
stop-asked-drain = 正在跑完当前步骤。
stop-asked-now = 正在停止。
button-stop-hold = 暂停
button-stop-drain = 跑完并结束
button-stop-now = 立即停止
release-asked = 继续进行。
refused-held = 已处于暂停：按 c 继续。
refused-not-held = 没有人暂停它。
refused-draining = 正在跑完当前步骤；按 x 立即停止。
refused-job-starts = 尚未开始：请稍后再试。
banner-held =
    ‖ { $by } 已暂停任务：不再开始新步骤。{ $count ->
     [0] 没有步骤在运行。
    *[other] { $count } 个节点正在跑完当前步骤。
    }按 c 继续。
banner-draining =
    – 收尾：不再开始新步骤。{ $count ->
     [0] 已没有步骤在运行。
    *[other] { $count } 个节点跑完当前步骤后任务结束。
    }
banner-cancelling = – 停止中：正在结束 { $count } 个节点的步骤。
banner-budget = ✗ 失败过多：{ $role }节点失败 { $failed } 个，环境策略允许 { $allowed } 个。不再开始新步骤。
job-dry-result = 试运行：{ $changed } 个步骤会有变更，{ $unchanged } 个已就绪。未作任何更改。
act-hold = 当前步骤跑完后暂停
hint-hold = 暂停
act-go-on = 暂停后继续
hint-go-on = 继续
act-finish = 跑完当前步骤后结束任务
act-cancel = 立即停止任务
hint-cancel = 立即停止

## A node of a job and its ways on
ways-on = 后续操作：{ $ways }
ways-on-node = { $name }：{ $ways }
by-policy = 环境策略
node-locked-by = 由 { $by } 于 { $at } 锁定：{ $why }
node-silent-since = 已 { $span } 无应答：{ $why }
node-step-ended = 步骤 { $step } 未正常结束：{ $how }。
node-no-steps = 此任务中没有该节点的步骤。
refused-way-busy = { $name } 正在进行中（{ $state }）：请等它结束，或暂停、停止任务。
refused-way-state = { $name } 处于“{ $state }”，没有可做的此类操作。
refused-way-dry = 试运行不更改任何内容，因此没有可撤销或可重装的。
refused-way-job = 任务{ $state }：请等它暂停或结束。
refused-locked = { $name } 已由 { $by } 锁定：{ $why }
refused-check-nothing = { $name } 上没有可检查的手动操作；按 m 开始。
refused-no-deadline = { $name } 上没有正在进行且有期限的操作。
again-asked = { $name } 从未完成的步骤重新开始。
step-would-change = 将变更
step-undoing = 撤销中
step-undone = 已撤销
step-undo-failed = 撤销失败
step-undo-interrupted = 撤销被中断
env-state-dry-run = 试运行 { $share }
env-state-rotating = 轮换密码 { $share }
env-state-reinstalling = 重装中
context-job-node = 任务中的节点
act-again = 重试此节点
hint-again = 重试
act-undo = 撤销…
hint-undo = 撤销
act-reinstall = 通过 Cobbler 重装…
hint-reinstall = 重装
act-by-hand = 手动重装…
hint-by-hand = 手动
act-check = 检查手动操作的结果
hint-check = 检查
act-more-time = 延长期限
hint-more-time = 延长
hint-details = 详情

## Undo
undo-title = 撤销任务 { $id } 的操作
undo-what = 从最后一步开始。步骤更改过的内容恢复原样；此后他人所做的更改保留。
undo-scope-node = { $name } 上的全部操作
undo-scope-step = { $name } 撤销至 { $step }（含该步骤）
undo-scope-step-none = 撤销至某一步：打开节点（d）并选中该步骤
undo-scope-stage = 所有节点上“{ $stage }”阶段及其后的操作
undo-scope-stage-none = 撤销至某一阶段：尚无已开始的阶段
undo-scope-all = 整个任务，所有节点
undo-count =
    将撤销 { $count } 个步骤{ $stays ->
     [0] 。
    *[other] ；另有 { $stays } 个不可撤销，保持原样。
    }
undo-stays = 保留
undo-nothing = 那里没有可撤销的操作。
undo-busy = 正在进行中，不会撤销：{ $names }。
undo-changed = 撤销清单在此期间已变化。以下是当前的清单，请重新查看。
undo-asked = 正在撤销 { $count } 个步骤。
undo-runs = 撤销（由{ $by }发起）：已撤销 { $undone }，剩余 { $left }，失败 { $failed }。
undo-ended = 撤销（由{ $by }发起）已结束：已撤销 { $undone }，保留 { $left }，失败 { $failed }。
refused-undo-step = 没有选中步骤：打开节点（d），选中步骤后按 u。
refused-undo-stage = 尚无已开始的阶段。
button-undo = 撤销
context-undo = 撤销范围
act-scope-node = 此节点
hint-scope-node = 节点
act-scope-step = 撤销至选中的步骤
hint-scope-step = 步骤
act-scope-stage = 所有节点撤销至此阶段
hint-scope-stage = 阶段
act-scope-all = 整个任务
hint-scope-all = 全部

## Reinstallation
reinstall-title = 重装 { $name }？
reinstall-what = Cobbler 将重新安装 { $name } 的操作系统；机器会断电再通电。
reinstall-lost-disks = 磁盘上的一切都会丢失：{ $disks }。
reinstall-lost-system = 随之丢失：{ $system }、其上安装的一切、实例、日志和主机密钥。
reinstall-then = 新系统应答后，固定其新主机密钥，任务从第一步继续。
reinstall-undo = 不可撤销。如在机器重启之前失败，Cobbler 的设置会恢复原样。
reinstall-asked = 开始重装 { $name }。
field-type-name = 输入 { $name }
fault-type-name = 请输入节点名称 { $name }。
field-profile = 配置模板
hint-profile = Cobbler 的 profile；留空则使用其系统已有的
field-minutes = 分钟
hint-minutes = 新系统须在多少分钟内应答，1 至 { $most }
fault-minutes = 1 至 { $most } 的数字。
field-more-minutes = 增加的分钟数
extend-title = 为 { $name } 延长时间
extend-step-title = 为 { $name } 上正在运行的步骤延长时间
extended = 已为 { $name } 延长时间。
reinstall-runs = 重装（由{ $by }发起）：{ $phase }，已 { $span }。
reinstall-over = 重装（由{ $by }发起）失败：
reinstall-deadline = 新系统须在 { $at } 前应答，还剩 { $left }。
reinstall-late = 新系统本应在 { $at } 前应答。
reinstall-system = Cobbler 中的系统：{ $system }

## By hand
crumb-manual = 手动重装 { $name }
context-manual = 手动流程
manual-start-title = 手动安装 { $name }？
manual-start-what = 由您按逐步指引安装 { $name } 的操作系统；随后程序进行检查。
manual-start-lost = 磁盘上的一切都会丢失；此任务在其上所做的都视为未做。
manual-start-undo = 随时可以放弃：节点随即为失败，其他后续操作仍然可用。
button-by-hand = 手动
manual-by = 由 { $by } 手动进行，已 { $span }。
manual-runs = 手动（{ $by }，已 { $span }）：已确认 { $confirmed } 步；按 m 查看。
manual-missing = 上次检查发现：{ $why }
manual-next-confirm = Enter 确认第 { $n } 条；x 放弃。
manual-next-check = v 立即检查；x 放弃。
manual-checking = 正在检查 { $name }。
manual-over = 手动流程已结束。
manual-all-confirmed = 全部已确认：按 v 立即检查。
manual-confirm-first = 请先确认各条说明：还剩 { $count } 条。
manual-leave-title = 放弃 { $name }？
manual-leave-what = 流程结束，{ $name } 为失败。
manual-leave-then = 之后可重新开始，或通过 Cobbler 重装。
button-give-up = 放弃
act-confirm = 确认下一条说明
hint-confirm = 确认
act-give-up = 放弃手动流程
hint-give-up = 放弃
manual-why-none = 没有 Cobbler 安装此节点：需手动安装其操作系统。
manual-why-failed = 通过 Cobbler 重装失败：需手动安装此节点的操作系统。
manual-right-machine = 前往 { $name }（{ $address }）的控制台。确认机器无误：网卡 { $nic } 的 MAC 地址为 { $mac }。其磁盘上的一切都会丢失。
manual-right-machine-unknown = 前往 { $name }（{ $address }）的控制台。确认机器无误：从未见过它的网卡。其磁盘上的一切都会丢失。
manual-boot = 设置为下一次从网卡 { $nic }（MAC { $mac }）网络启动，或从安装介质启动，然后重启。
manual-boot-unknown = 设置为下一次从集群网络的网卡网络启动，或从安装介质启动，然后重启。
manual-system = 在 { $disk } 上安装 { $os } { $version }，带 SSH 服务，不带桌面。
manual-system-any-disk = 安装 { $os } { $version }，带 SSH 服务，不带桌面。
manual-address = 为网卡 { $nic } 设置固定地址 { $address }、子网掩码 { $mask }、网关 { $gateway }，主机名设为 { $name }。
manual-address-no-gateway = 为网卡 { $nic } 设置固定地址 { $address }、子网掩码 { $mask }，主机名设为 { $name }。
manual-address-unknown = 为集群网络的网卡设置固定地址 { $address }，主机名设为 { $name }。
manual-login-password = 让账号 { $user } 能用与之前相同的密码通过 SSH 登录。
manual-login-key = 让账号 { $user } 能用与之前相同的密钥通过 SSH 登录：公钥写入 ~{ $user }/.ssh/authorized_keys。
manual-login-unknown = 让账号 { $user } 能通过 SSH 登录。
manual-sudo = 让账号 { $user } 能免密码使用 sudo。
manual-ssh = 让 SSH 在端口 { $port } 应答，重启后亦然。
manual-disk-boot = 重新关闭网络启动并重启：机器须从自己的磁盘启动。
manual-check = 随后程序登录 { $user }@{ $address }，端口 { $port }。它要求主机密钥和机器标识与之前不同，且没有旧安装的任何残留；随后固定新密钥并继续安装。

## Policies
settings-title = { $name } 的设置
field-on-failure = 步骤失败时
field-retries = 自动重试
field-budget-controllers = 控制节点可失败
field-budget-computes = 计算节点可失败
field-budget-storage = 存储节点可失败
hint-retries = 可重试的步骤在采取其他措施之前重试的次数，0 至 { $most }
hint-budget = 节点数（2）或比例（10%）；超过后不再开始新步骤
fault-retries = 0 至 { $most } 的数字。
fault-budget = 节点数（2）或比例（10%）。
on-failure-ask = 停下并询问
on-failure-undo = 撤销该节点
on-failure-reinstall = 重装该节点
on-failure-ask-means = 节点保持现状，等待操作员决定；其他节点继续。
on-failure-undo-means = 按相反顺序撤销失败节点的步骤；其他节点继续。
on-failure-reinstall-means = Cobbler 重装失败的节点（每个任务一次），安装随后继续。其上的一切都会丢失。
policy-line = 失败时：{ $way }；重试：{ $retries }；可失败：控制 { $controllers }，计算 { $computes }，存储 { $storage }
act-env-settings = 设置：失败时的处理、并行节点数
hint-env-settings = 设置

## Locks and ways on in the node table
col-lock = 锁
col-kind = 种类
plan-kind-install = 安装
plan-kind-dry-run = 试运行
plan-kind-rotate = 轮换密码
plan-kind-reinstall = 重装
label-ways = 后续操作
exit-install = 安装（i）
exit-undo = 撤销（T，再按 u）
exit-reinstall = 重装（I）
exit-by-hand = 手动（m）
exit-check = 继续手动流程（m）
exit-roles = 角色（r）
exit-unlock = 解锁（L）
exit-job = 任务正在处理它（T）
lock-title =
    { $count ->
     [1] 锁定 { $first }
    *[other] 锁定 { $count } 个节点
    }
lock-what = 任何人都不能安装、撤销或重装已锁定的节点；其状态和正在运行的内容不变。
field-why = 原因
hint-why = 所有人可见；1 至 { $most } 个字符
fault-why = 请说明原因，1 至 { $most } 个字符。
lock-asked = 正在锁定 { $count } 个节点。
unlock-title = 解锁 { $count } 个节点？
unlock-what = 将可再次安装、撤销和重装：{ $names }。
unlock-line = { $name }：{ $by }，{ $at }：{ $why }
unlock-asked = 正在解锁 { $count } 个节点。
button-unlock = 解锁
act-lock = 锁定或解锁
hint-lock = 锁定

## Plan: steps and dry run
dry-run-title = 试运行 { $name }？
dry-run-what = 在 { $count } 个节点上询问每个步骤会更改什么。
dry-run-how = 不作任何更改。输出显示每个文件的差异、软件包和重启的服务；机密以掩码显示。
dry-run-started = 试运行已开始。
button-dry-run = 试运行
act-dry-run = 试运行：询问节点，不作更改
hint-dry-run = 试运行
context-plan-step = 计划中的步骤
hint-right = 向右
step-times = 通常 { $usual }；超过 { $ceiling } 即被结束
step-reversible = 可撤销。
step-irreversible = 不可撤销。
step-retryable = 可不经询问重试。
step-not-retryable = 不经询问不会重试。
step-packages = 软件包：{ $names }
step-restarts = 启动或重启：{ $names }

## 保存下来的句子（domain/said.rs）
step-end-status = 以状态 { $status } 结束
step-end-ceiling = 运行超过 { $seconds } 秒的上限，已被终止
step-lost-killed = 该步骤的进程在节点上被杀死，未能报告结果
step-lost-rebooted = 步骤运行期间节点重启了
step-lost-never-started = 节点无法启动该步骤：请检查其磁盘是否已满、进程是否过多
step-lost-full = 节点磁盘已满：步骤无法开始，或无法报告结果；请在那里腾出空间
step-lost-removed = 步骤运行期间，其文件（/var/lib/cpmg）在节点上被删除：结果不明
step-lost-unknown = 该步骤的结果不明：{ $why }
step-lost-cancelled = 节点无应答时被取消；该步骤可能仍在节点上运行（{ $why }）
runner-gone = { $host } 上的执行器已消失（{ $why }）；其步骤继续运行
runner-silent = { $host } 上的执行器没有应答：节点过载，或其磁盘没有响应
runner-not-there = 无法在 { $host } 上启动执行器：{ $said }
runner-protocol = { $host } 上的执行器使用协议 { $theirs }，本 cpmg 使用 { $ours }：请重新上传任务文件
runner-secret = 无法把密码 { $name } 交给步骤：名称须为合法的 shell 变量名，值须为不含 NUL 的文本
job-node-locked = 操作员已锁定此节点：请先解锁，再重试
job-node-not-anew = { $seconds } 秒内未能建立新连接：{ $why }
job-node-own-fault = cpmg 在处理此节点时自身出错；详情见引擎日志
job-node-no-files = { $host } 上已没有此任务的文件（{ $said }）：节点被重装或清理过；请开始新的安装
job-node-journal = 任务记录拒绝了要在此节点上做的事；详情见引擎日志
fresh-stopped = 检查尚未结束，任务就被停止了
fresh-no-key = 节点没有出示主机密钥
fresh-old-key = { $name } 仍出示旧主机密钥 { $key }：应答的是旧系统，或其磁盘没有重装
fresh-no-id = { $name } 没有给出机器标识：/etc/machine-id 为空或缺失
fresh-old-id = { $name } 的主机密钥是新的，但机器标识 { $id } 是旧的：应答的是旧系统
fresh-ours = { $name } 上仍有 { $path }：这不是全新的系统
reinstall-unchanged = { $why }。未做任何更改
reinstall-silent = 安装程序尚未向 Cobbler 报告
reinstall-works = 安装程序正在工作
reinstall-stalled = Cobbler 认为安装已停滞
reinstall-no-log = Cobbler 无法读取其安装日志：只有通过 SSH 才能知道何时完成
reinstall-no-answer = 安装程序已完成；其系统尚未应答
reinstall-looks = { $said }；SSH 检查：{ $missing }
