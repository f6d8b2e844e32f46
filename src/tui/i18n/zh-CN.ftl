# 简体中文。键与 en.ftl 相同，由测试比较。
## Time
ago-now = 刚刚
ago-seconds = { $n } 秒前
ago-minutes = { $n } 分钟前
ago-hours = { $n } 小时前
ago-days = { $n } 天前

## Starting and connection
starting = 正在启动引擎…
starting-session = 正在恢复会话…
starting-again = 引擎尚未应答；正在重试。^C 离开。
link-up = 引擎 +
link-starting = 引擎 …
link-down = 引擎 ✗
link-lost = 与引擎的连接已断开，正在重新连接。请稍后再试。
banner-lost = 引擎连接已断开 { $age }；正在重连。屏幕显示当时的状态。
banner-retry = 引擎已断开 { $age }；{ $seconds } 秒后重试：{ $why }
banner-simulated = 模拟节点：这里没有真实的机器。
defect = 程序缺陷（程序继续运行，任务不受影响）：{ $what }
too-small = 终端大小为 { $now }，cpmg 至少需要 { $least }。
header-jobs = { $count } 个任务 { $share }
header-user = { $name }（{ $role }）
loading = 正在询问引擎…
loading-down = 引擎目前没有应答；恢复后会自动显示此处的内容。
ask-again = 返回后重新打开此页面，即可再次请求。
ask-later = 引擎恢复应答后会自动重新请求。

## Login and accounts
login-title = 登录 cpmg
first-title = 首位管理员
first-intro = 尚无任何用户。请先创建首位管理员，之后再添加其他用户。
field-user = 用户
field-password = 密码
field-new-password = 新密码
field-old-password = 旧密码
field-again = 再次输入
field-role = 角色
fault-empty = 此项不能为空。
fault-again = 两次输入的密码不同。
hint-user-name = 2 至 32 个 a-z 0-9 . _ - 字符，以字母开头
hint-new-password = 至少 8 个字符；几个词胜过几个符号
hint-user-role = 查看者只读；操作员可安装；管理员还可管理用户
user-name-length = 用户名须有 2 至 32 个字符。
user-name-start = 用户名须以小写字母开头。
user-name-characters = 用户名只能包含 a-z、0-9、点、下划线和连字符。
password-too-short = 太短：至少 8 个字符。
password-too-long = 太长：最多 256 字节。
password-like-name = 与用户名过于相似。
password-common = 属于最先被猜测的密码，请换一个不常见的。
password-digits-only = 全是数字：请加入字母。
password-repetition = 同一字符重复：请使用不同的字符。
session-ended = 会话已结束，请重新登录。一切保持原样。
own-password-title = 修改密码
own-password-done = 密码已修改。
user-role-viewer = 查看者
user-role-operator = 操作员
user-role-administrator = 管理员

## Forms, dialogs, prompts
form-busy = 已提交，等待引擎答复…
form-discard = 内容已修改。再按一次 Esc 放弃修改。
confirm-type = 输入 { $name } 以确认：
confirm-type-first = 请先输入名称。
button-cancel = 取消
button-hide = 隐藏
button-disable = 停用
button-remove = 移除
button-forget = 忘记密钥
button-install = 安装
button-close = 关闭终端
button-trust =
    信任{ $count ->
     [1] 此密钥
    *[other] 这 { $count } 个密钥
    }
prompt-filter = /
prompt-search = 搜索：
filter-empty = 没有与“{ $filter }”匹配的行。按 Esc 清除过滤。
filter-kept = 与上次一样，只显示与“{ $filter }”匹配的行。按 Esc 清除过滤。
copied = 已发送到您终端的剪贴板（OSC 52）。
mouse-on = 鼠标在此滚动；F5 将其交还给终端。
mouse-off = 鼠标已交还给终端。
language-now = 语言：{ $name }
language-unknown = 没有语言“{ $code }”；可用 en 和 zh-CN。
theme-now = 主题：{ $name }
theme-unknown = 没有主题“{ $name }”。
theme-unusable = 此终端无法显示主题“{ $name }”（见 NO_COLOR、COLORTERM）。
line-unknown = “{ $line }”不是此处的命令。按 : 和 Tab 查看可用命令。
refused-role = 您以{ $role }身份登录：不允许此操作，至少需要{ $needs }身份。
only-look = 您以{ $role }身份登录，在此只能查看：更改至少需要{ $needs }身份。
back-first = 这是第一页。q 离开；正在运行的任务会继续。
messages-empty = 暂无消息。
help-title = 按键

## Breadcrumbs
crumb-environments = 环境
crumb-hidden = 已隐藏的环境
crumb-messages = 消息
crumb-users = 用户
crumb-sweep = 查找机器
crumb-plan = 计划
crumb-job = 任务 { $id }

## Columns
col-name = 名称
col-state = 状态
col-nodes = 节点
col-installed = 已安装
col-failed = 失败
col-job = 最近任务
col-platform = 平台
col-changed = 修改于
col-by = 修改者
col-role = 角色
col-roles = 角色
col-made = 创建于
col-address = 地址
col-reach = SSH
col-system = 系统
col-cpus = CPU
col-memory = 内存
col-host-key = 主机密钥
col-what = 说明
col-chosen = 选择
col-needs = 依赖
col-ports = 端口
col-on = 所在
col-started = 开始于
col-took = 用时
col-job-id = 任务
col-port = 端口
col-answer = 应答
col-known = 已知为

## Environments
env-state-empty = 空
env-state-new = 未安装
env-state-partial = 部分已安装
env-state-installed = 已安装
env-state-failed = 失败
env-state-installing = 安装中 { $share }
env-empty = 还没有环境。一个环境就是一个 OpenStack 云。
env-empty-how = 按 n 新建。
hidden-empty = 没有隐藏的环境。
env-new-title = 新建环境
env-rename-title = 重命名 { $name }
env-parallel-title = { $name } 的并行节点数
env-platform-title = { $name } 的平台
field-name = 名称
field-platform = 平台
field-parallel = 并行节点数
hint-env-name = 1 至 40 个字母、数字、空格、点、下划线或连字符
hint-parallel = 一个阶段同时处理的节点数，1 至 { $most }
fault-parallel = 请输入 1 至 { $most } 的数字。
env-name-length = 名称须有 1 至 40 个字符。
env-name-characters = 名称只能包含字母、数字、空格、点、下划线和连字符。
env-name-edges = 名称须以字母或数字开头和结尾。
env-name-digits = 名称至少需要一个字母。
env-made = 已创建 { $name }。按 Enter 打开。
env-changed = 已修改 { $name }。
env-hide-title = 隐藏 { $name }？
env-hide-what = 环境 { $name }（{ $nodes } 个节点）将从列表中移除。
env-hide-machines = 不会对其机器做任何操作；正在运行的云继续运行。
env-hide-undo = 管理员可以恢复它。
env-hidden-done = 正在隐藏 { $name }。
refused-no-env = 没有可操作的环境。
refused-is-hidden = 它已被隐藏。
refused-not-hidden = 只能恢复已隐藏的环境：按 . 查看。
refused-env-busy = { $by } 的任务 { $job } 自 { $at } 起正在处理它：请等待或先停止任务。

## Users
user-enabled = 启用
user-disabled = 停用
user-new-title = 新建用户
user-password-title = 为 { $name } 设置新密码
user-made = 已创建 { $name }。
user-password-done = { $name } 的密码已更新。
user-disable-title = 停用 { $name }？
user-disable-what = { $name } 将无法登录；已打开的会话会结束。
user-disable-undo = 再按同一键可重新启用。
refused-own-account = 这是您自己的账号。
refused-own-password = 修改自己的密码请用 :password，需要旧密码。

## States
node-state-discovered = 无角色
node-state-ready = 就绪
node-state-queued = 排队中
node-state-installing = 安装中
node-state-verifying = 验证中
node-state-installed = 已安装
node-state-failed = 失败
node-state-cancelled = 已取消
node-state-interrupted = 被中断
node-state-undoing = 撤销中
node-state-undo-failed = 撤销失败
node-state-reinstalling = 重装中
node-state-manual = 手动处理
node-state-checking = 检查中
reach-unknown = 未尝试
reach-answers = 有应答
reach-silent = 无应答
reach-probing = 询问中
role-controller = 控制
role-compute = 计算
role-storage = 存储
role-short-controller = 控制
role-short-compute = 计算
role-short-storage = 存储
more-below = ↓ 还有 { $count } 行
job-state-queued = 排队中
job-state-running = 运行中
job-state-cancelling = 停止中
job-state-interrupted = 被中断
job-state-succeeded = 完成
job-state-failed = 失败
job-state-cancelled = 已停止
job-state-holding = 已暂停
job-state-draining = 收尾中
job-state-undone = 已撤销
job-node-waiting = 等待
job-node-running = 运行中
job-node-done = 完成
job-node-failed = 失败
job-node-cancelled = 已停止
job-node-interrupted = 被中断
job-node-undoing = 撤销中
job-node-undone = 已撤销
job-node-undo-failed = 撤销失败
job-node-reinstalling = 重装中
job-node-manual = 手动处理
job-node-checking = 检查中
stage-preflight = 预检
stage-controllers = 控制节点
stage-computes = 计算节点
stage-storage = 存储节点
stage-verification = 验证
step-waiting = 等待
step-running = 运行中
step-interrupted = 被中断
step-changed = 已变更
step-unchanged = 无需操作
step-failed = 失败，状态 { $status }
step-lost = 丢失
step-timed-out = 超时
step-cancelled = 已停止

## One environment
tab-nodes = 节点
tab-modules = 模块
tab-jobs = 任务
nodes-empty = 还没有节点。
nodes-empty-how = 按 f 通过 SSH 查找机器，按 n 按地址添加。
jobs-empty = 尚未安装过。
jobs-empty-how = 按 i 查看计划，并从那里开始安装。
nodes-marked = 已标记 { $count }
refused-no-node = 没有可操作的节点。
refused-one-node = 一次只能操作一个节点：请取消标记（Esc）。
refused-node-busy = 任务正在处理 { $name }：请等待或先停止任务。
refused-no-credential = { $name } 没有凭据：按 c 设置。
refused-no-key = { $name } 的主机密钥尚未固定：按 p 获取。
refused-no-pin = { $name } 没有固定的主机密钥，无可忘记。
refused-no-roles = 没有节点有角色：按 r 分配角色。
refused-no-nodes = 环境中没有节点：按 f 查找机器。
refused-no-job = { $name } 尚未参与任何任务，没有输出。
refused-no-jobs = 没有任务。

## Nodes
sweep-title = 通过 SSH 查找机器
field-ranges = 地址
hint-ranges = 10.0.0.0/24、10.0.0.1-10.0.0.50、10.0.0.1-50 或单个地址；多个用逗号分隔
field-port = 端口
hint-port = SSH 端口，通常为 22
fault-port = 端口是 1 至 65535 的数字。
fault-range = 不是有效范围：请写 10.0.0.0/24、10.0.0.1-10.0.0.50、10.0.0.1-50 或单个地址。
fault-range-backwards = 范围的终点 { $end } 在起点 { $start } 之前：请交换。
fault-range-large = { $range } 含 { $count } 个地址；一次最多 65536 个，请拆分。
fault-range-unusable = { $address } 不能作为节点地址。
fault-address = 不是可用的 IPv4 地址：四个数字以点分隔，如 192.168.7.10。
sweep-running = 已询问 { $done }/{ $total }，{ $found } 个应答
sweep-done = 用时 { $span } 询问了 { $total } 个地址：{ $found } 个有 SSH 应答
sweep-stopped = 已停止（{ $done }/{ $total }）：{ $found } 个有 SSH 应答
sweep-nothing = 尚无应答。
sweep-none = 该端口没有任何应答。机器是否已启动？范围是否正确？
found-other = 非 SSH：{ $what }
refused-not-ssh = { $address } 上应答的不是 SSH。
refused-known = { $address } 已作为 { $name } 在此环境中。
refused-sweep-over = 查找已结束。
refused-nothing-found = 尚未找到任何机器。
node-add-title = 添加节点
node-add-many-title =
    { $count ->
     [1] 添加节点 { $first }
    *[other] 添加 { $count } 个节点
    }
node-rename-title = 重命名 { $name }
node-credential-title =
    { $count ->
     [1] { $first } 的凭据
    *[other] { $count } 个节点的凭据
    }
node-jump-title = 到 { $name } 的路径
field-jump = 跳板机
hint-jump = [账号@]地址[:端口]；留空：直接到达
method-own = 与节点相同
fault-jump = 写成 [账号@]地址[:端口]，用 IPv4 地址，如 admin@10.0.0.1:22
host-key-jump = { $node } 的跳板机 { $host }
node-address-title = { $name } 的地址
field-address = 地址
field-node-name = 名称
hint-node-name = 主机名；留空则采用节点自报的名称
fault-node-name = 1 至 63 个 a-z、0-9 和 -，须含字母，首尾不能是连字符。
field-account = 账号
hint-account = 在节点上需要 root 权限
field-method = 登录方式
method-password = 密码
method-key = 私钥
method-agent = 代理
field-key = 密钥文件
hint-key = 由本程序在本机读取，由引擎加密保存
field-passphrase = 口令
hint-passphrase = 密钥无口令则留空
field-agent = 代理套接字
hint-agent = SSH_AUTH_SOCK 的路径；引擎须能访问
nodes-added = 已添加 { $count } 个节点；正在获取主机密钥。
nodes-partly = { $count } 中完成 { $done }；其余被拒绝，见上。
node-item-refused = { $what }：{ $why }
node-changed = 已修改 { $name }。
credentials-changed = 已修改 { $count } 个节点的凭据。
roles-title =
    { $count ->
     [1] { $first } 的角色
    *[other] { $count } 个节点的角色
    }
roles-intro = 空格勾选，Enter 应用。[~]：各节点不同，保持原样。
roles-set = 已设置 { $count } 个节点的角色。
node-remove-title =
    { $count ->
     [1] 移除 { $first }？
    *[other] 移除 { $count } 个节点？
    }
node-remove-what = 移出此环境：{ $names }。
node-remove-machines = 不会对机器做任何操作；已安装的内容保留。
node-remove-undo = 可凭凭据重新添加；历史保留在任务中。
node-forget-title = 忘记 { $name } 的主机密钥？
node-forget-what = 将忘记已固定的密钥 { $key }；下次探测会询问新密钥。
node-forget-when = 仅在您重装过机器或知道密钥为何改变时才这样做，否则可能有人从中拦截。
probe-started = 正在询问 { $count } 个节点。
probe-done = { $name } 有应答；信息已更新。
probe-failed = { $name }：{ $why }
host-key-title =
    { $count ->
     [1] 新的主机密钥
    *[other] { $count } 个新的主机密钥
    }
host-key-ask =
    { $count ->
     [1] 首次见到此节点。这是它的密钥吗？
    *[other] 首次见到这些节点。这些是它们的密钥吗？
    }
host-key-how = 请与机器控制台比对：ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
host-key-not-trusted = 未信任；按 p 重新询问。
host-key-changed-short = { $name }：主机密钥已改变；未发送任何内容。
host-key-changed-title = { $name }：主机密钥已改变
host-key-changed-what = { $name } 出示的主机密钥与已固定的不同。在发送任何内容之前已断开连接。
host-key-changed-danger = 可能是机器被重装、其他机器占用了该地址，或有人从中拦截。
host-key-changed-how = 如果您知道原因：选中节点，按 F，输入其名称，然后重新探测。
details-title = { $name }
fact-host = 主机名
fact-kernel = 内核
fact-kind = 机器类型
fact-clock = 时钟偏差
fact-gateway = 网关
fact-firewall = 防火墙
fact-python = Python
fact-gathered = 截至
fact-disk = 磁盘
fact-nic = 网卡
details-none = 尚无信息：按 p 询问节点。

## Modules
module-chosen = 已选
module-needed = 随 { $by }
module-off = -
refused-module-needed = { $by } 依赖它：请先取消该模块。
modules-set = 已修改 { $name } 的模块。

## Plan and jobs
plan-summary = { $nodes } 个节点，{ $steps } 个步骤，按通常用时约 { $span }，同时 { $parallel } 个节点
plan-modules = 模块：{ $names }
plan-stage = { $stage }：{ $nodes } 个节点
plan-node = { $name }（{ $address }）{ $roles }
plan-secrets = 账号：{ $names }
plan-irreversible = 不可撤销
install-title = 安装 { $name }？
install-what = 将更改 { $count } 个节点：{ $names }。
install-how = 无事可做的步骤不会更改任何内容。离开 cpmg 或断开连接不会停止安装。
install-undo = 可以停止；此前所做的更改保留在节点上。
install-started = 安装已开始。
job-line = 节点完成 { $done }/{ $nodes }
job-line-failed = { $failed } 个失败
job-left = 约剩 { $span }
job-took = 用时 { $span }
job-nothing = 无需操作：全部 { $steps } 个步骤均已就绪。
job-result = { $changed } 个步骤有变更，{ $unchanged } 个无需操作。
job-by = 由 { $by } 启动
job-cancelled-by = 由 { $by } 停止
job-current = { $elapsed }（通常 { $usual }）
job-silent = 已 { $silent } 无输出（通常 { $usual }）
job-link-down = 连接已断开 { $span }；步骤在节点上继续
job-step-of = { $done }/{ $steps }
job-waits = 等待轮到它
job-left-range = 约剩 { $span }（{ $low }-{ $high }）
job-left-guess = 约剩 { $span }（估计 { $low }-{ $high }）
job-left-guess-short = 估计剩 { $span }
job-current-guess = { $elapsed }（估计 { $usual }）
job-current-only = { $elapsed }
job-silent-only = 已 { $silent } 无输出
job-ceiling = 将在 { $left } 后被终止（时限 { $given }）；按 + 延长
waits-stage = 等待{ $stage }阶段：{ $nodes } 个节点尚未完成
waits-others = 等待 { $nodes } 个正在撤销或重装的节点
waits-turn = 等待轮到它：同时最多 { $parallel } 个节点
waits-held = 由 { $by } 暂停；任务恢复后继续
waits-held-only = 已暂停；任务恢复后继续
waits-decision = 等待决定：重试、撤销、重装或手动处理
waits-operator = 等待 { $by } 手动安装，已 { $span }
waits-cobbler = 等待 Cobbler（{ $phase }），已 { $span }
waits-answer = 正在询问节点步骤的结果
waits-engine = 引擎已 { $span } 无法保存数据：{ $why }
reinstall-inspect = 查询系统
reinstall-arm = 设为网络启动
reinstall-power = 关机并开机
reinstall-install = 安装程序运行中
reinstall-answer = 等待 SSH
reinstall-disarm = 关闭网络启动
reinstall-restore = 写回原值
job-first-error = 首个错误：{ $name } { $step }：{ $what }
job-error-title = 任务 { $id } 的首个错误
job-error-node = 节点 { $name }
job-error-step = 步骤 { $step }，第 { $attempt } 次尝试
job-error-known = 已知问题：{ $title }
job-error-meaning = 含义：{ $meaning }
job-error-mend = 处理：{ $mend }
job-known-short = 已知问题：{ $title } —— { $mend }
job-error-output = 最后几行输出：
job-error-how = 关闭此窗口后，s 在所选节点上打开终端，r 从失败的步骤重试。
job-loading = 正在获取任务…
job-gone = 该任务已不存在。
retry-started = 从失败的步骤继续。
refused-job-over = 任务已结束。
refused-job-running = 任务仍在进行。
refused-job-good = 任务已完成，无需重试。在环境中按 i 可再次运行。
refused-no-error = 没有步骤失败。
refused-cancelling = 正在停止中。

## Output
log-title = { $name }
log-follow = 跟随
log-wrap = 换行
log-empty = 尚无输出。
log-above = 此步骤上方还有 { $size } 输出；向上滚动加载。
log-attempt = 第 { $n } 次
log-undo = 撤销
log-no-match = 没有与“{ $text }”匹配的内容。

## What the engine refuses

## Shells
act-theme-named = 外观：{ $name }

## Actions
act-help = 本屏帮助
hint-help = 帮助
act-palette = 命令行
hint-palette = 命令
act-messages = 历史消息
act-language = 切换语言
hint-language = 中文/English
act-theme = 切换主题
act-mouse = 鼠标开关
act-redraw = 重绘屏幕
act-suspend = 挂起 cpmg
act-logout = 退出登录
act-password = 修改自己的密码
act-back = 返回：提示、标记、过滤、页面
act-quit = 返回上一页；在第一页离开
hint-quit = 返回
act-leave = 离开；任务继续
hint-leave = 离开
act-yank = 以文本复制
hint-yank = 复制
act-up = 上
act-down = 下
hint-down = 向下
act-top = 到顶部
act-bottom = 到底部
act-half-up = 上半页
act-half-down = 下半页
act-page-up = 上一页
act-page-down = 下一页
act-open = 打开
hint-open = 打开
act-filter = 过滤；以 ! 开头为反选
hint-filter = 过滤
act-sort-name = 按名称排序
act-sort-state = 按状态排序
act-sort-address = 按地址排序
act-sort-roles = 按角色排序
act-sort-time = 按开始时间排序
act-sort-owner = 按所有者排序
act-sort-strength = 按强度排序
act-sort-use = 按使用情况排序
act-mark = 标记
hint-mark = 标记
act-mark-range = 标记范围
act-mark-all = 标记所有可见行
act-env-new = 新建环境
hint-env-new = 新建
act-env-rename = 重命名
hint-env-rename = 重命名
act-env-hide = 隐藏
hint-env-hide = 隐藏
act-env-hidden = 显示已隐藏的环境
act-env-restore = 恢复已隐藏的环境
act-env-parallel = 设置并行节点数
act-env-platform = 选择其他平台
act-users = 用户管理
hint-users = 用户
act-nodes = 节点
act-modules = 模块
act-jobs = 任务
act-tab-next = 下一个标签
hint-tab-next = 标签
act-tab-before = 上一个标签
act-install = 查看计划并安装
hint-install = 安装
act-node-add = 按地址添加节点
hint-node-add = 添加
act-sweep = 通过 SSH 查找机器
hint-sweep = 查找
act-probe = 询问节点信息
hint-probe = 探测
act-roles = 设置角色
hint-roles = 角色
act-node-rename = 重命名
act-credentials = 修改凭据
act-node-jump = 修改跳板机
act-node-address = 修改地址或端口
act-forget-key = 忘记已固定的主机密钥
act-node-remove = 移出环境
hint-node-remove = 移除
act-details = 详情
act-shell = 打开终端
hint-shell = 终端
act-logs = 日志：节点的、环境的
hint-logs = 日志
act-module-toggle = 选择或取消
hint-module-toggle = 选择
act-sweep-stop = 停止查找
hint-sweep-stop = 停止
act-sweep-add = 添加已标记的机器
hint-sweep-add = 添加
act-plan-start = 按此计划安装
hint-plan-start = 安装
act-retry = 从失败的步骤继续
hint-retry = 重试
act-first-error = 首个错误
hint-first-error = 错误
act-pane-next = 下一个窗格
hint-pane-next = 窗格
act-pane-before = 上一个窗格
act-zoom = 放大输出
hint-zoom = 放大
act-pane-toggle = 显示或隐藏节点输出
hint-pane-toggle = 输出
act-follow = 跟随输出
hint-follow = 跟随
act-wrap = 长行换行
hint-wrap = 换行
act-search = 搜索输出
hint-search = 搜索
act-next-match = 下一个匹配
act-previous-match = 上一个匹配
act-step-before = 上一个步骤
act-step-next = 下一个步骤
act-left = 向左
act-right = 向右
act-user-new = 新建用户
hint-user-new = 新建
act-user-password = 重设密码
hint-user-password = 密码
act-user-disable = 停用或启用
hint-user-disable = 停用
act-field-next = 下一个字段
hint-field-next = 下一个
act-field-before = 上一个字段
act-submit = 提交
hint-submit = 提交
act-choose = 选定当前项
hint-choose = 选定
act-close = 关闭
hint-close = 关闭
act-choice-next = 下一个选项
hint-choice-next = 选项
act-choice-before = 上一个选项

## Groups of keys
context-global = 通用
context-moving = 移动
context-list = 列表
context-marking = 标记
context-environments = 环境列表
context-environment = 单个环境
context-nodes = 节点
context-modules = 模块
context-jobs = 任务
context-sweep = 查找机器
context-plan = 计划
context-job = 任务详情
context-logs = 输出
context-users = 用户
context-form = 表单
context-dialog = 对话框
context-reading = 文本
context-line = 命令行
hint-cobbler = Cobbler
hint-addresses = 地址
hint-accounts = 账号
hint-options = 选项
hint-connectivity = 检查
hint-proof = 验证
hint-network = 网络

# 回放录制的会话（cpmg debug replay）。
session-playing = 回放 { $done }/{ $all } x{ $speed }：空格暂停，+/- 速度，q 离开
session-paused = 回放 { $done }/{ $all } 已暂停：空格继续，左右键单步，g/G 首尾，q 离开
session-lost = { $count } 行无法识别
