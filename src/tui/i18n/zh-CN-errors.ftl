# 引擎拒绝请求的原因（按其发送的键）；以及他人先行保存时的处理。

error-account-form = 账号由 1 到 32 个字母、数字、点、下划线或连字符组成。
error-bundle-gone = 计划需要 { $what }，而目录中已没有：请把它放回，或开始新的安装。
error-bundle-kept = 无法保存节点的文件：{ $why }
error-bundle-no-node = 节点 { $node } 不在计划中。
error-bundle-pack = 无法打包脚本：{ $why }
error-bundle-variable = 无法把变量 { $name } 交给步骤：它与账号同名、不是合法的变量名，或含有 NUL。
error-conflict = { $kind ->
    [network] { $name } 的网络规划
    [discovery] { $name } 的机器发现设置
    [node] 节点 { $name }
    [user] 用户 { $name }
   *[environment] 环境 { $name }
}已被{ $by ->
    [blank] 他人
   *[other] { $by }
}修改（版本 { $revision }，您的修改基于版本 { $based }）：请重新查看后再改。
error-credential-damaged = 节点 { $node } 的凭据已损坏：{ $why }
error-door-key = 主机密钥 { $path }：{ $why }
error-empty-password = 密码为空。
error-env-busy = { $by } 的任务 { $job }（{ $kind }）处理此环境已有 { $minutes } 分钟：请等待其结束，或停止该任务。
error-env-exists = 已有名为 { $name } 的环境。
error-env-hidden-exists = 有一个隐藏的环境名为 { $name }：请另取名称，或请管理员恢复显示它。
error-extend-minutes = 可延长 1 到 { $most } 分钟。
error-extend-seconds = 可延长 1 到 { $most } 秒。
error-facts-none = 节点没有给出信息：其账号需要带有常用工具的 POSIX shell（sh）。
error-facts-silent = { $host } 在 { $seconds } 秒内没有给出信息：可能有磁盘或文件系统没有响应。
error-facts-torn = 节点给出信息时中断：请重试。
error-host-key-changed = { $host } 的主机密钥已改变：原先固定的是 { $pinned }，现在是 { $offered }。要么机器重装过，要么有人从中拦截。未发送任何内容。只有在清楚原因时才忘记旧密钥。
error-host-key-form = 这不是主机密钥：应形如“ssh-ed25519 AAAAC3…”，即 ssh-keyscan 在地址之后输出的内容。
error-host-key-other = 该节点已固定另一个主机密钥：若您清楚密钥为何变化，请先忘记原密钥。
error-host-key-unknown = { $host } 的主机密钥是新的：{ $offered }。请与节点上的密钥核对后再接受。
error-ip-full = 没有任何{ $kind }地址池有连续 { $count } 个空闲地址：{ $address } 属于 { $owner }。请添加地址池，或删除子网。
error-ip-has-one = { $owner } 已有子网 { $subnet }：请确认、使用或删除它。
error-ip-in-use = { $address } 已属于 { $owner }（{ $source }）。
error-ip-lapsed = { $owner } 对 { $net } 的预留已到期并归还地址池：请重新预留。
error-ip-no-pool = 没有地址池 { $net }。
error-ip-no-subnet = { $owner } 没有子网：请先预留。
error-ip-none-free = 没有用于{ $kind }的地址池：请先添加。
error-ip-not-allocated = { $address } 未分配。
error-ip-not-confirmed = { $owner } 的子网 { $net } 仅为预留：请先确认。
error-ip-not-in-subnet = { $address } 不是 { $owner } 的子网 { $net } 中可用的地址。
error-ip-outside = { $net } 不在任何{ $kind }地址池内。
error-ip-overlap = { $net } 与地址池 { $other }（{ $kind }）重叠：一个地址不能属于两个池。
error-ip-pool-in-use = 地址池 { $net } 正在使用：{ $owner } 占有其中的 { $subnet }。请先删除该子网。
error-ip-pools-full = 一个环境最多 64 个地址池：请先删除一个。
error-ip-size = 子网的地址数为 8、16、32 或 64。
error-ip-subnet-full = { $owner } 的子网 { $net } 已满：{ $usable } 个可用地址均已使用。
error-ip-taken = { $net } 不空闲：{ $address } 属于 { $owner }（{ $source }）。
error-job-no-node = 任务 { $job } 没有节点 { $node }。
error-job-not-newest = 任务 { $job } 不是该环境最新的任务：其后还有任务 { $newer }。
error-job-not-over = 任务 { $job } 的状态为“{ $state }”：只有失败、已取消或已撤销的任务才能重试。
error-job-over = 任务 { $job } 已经结束：{ $state }。
error-job-refuses = 任务 { $job } 的状态为“{ $state }”，或节点的状态不允许此操作：请再查看。
error-jump-form = “{ $place }”不是跳板机：请写成 [账号@]地址[:端口]，用 IPv4 地址，如 admin@10.0.0.1:22。
error-jump-key-other = 该跳板机已固定另一个主机密钥：若您清楚密钥为何变化，请先忘记原密钥。
error-jump-self = 跳板机就是该节点本身。
error-jump-set = 跳板机不能使用凭据组：请提供密码、密钥或代理。
error-jump-several = 最多一台跳板机：“{ $place }”写了多台。
error-key-kind = 不接受这种密钥（{ $kind }）：请用 ssh-keygen -t ed25519 生成一个。
error-key-not-public = 这不是公钥：请粘贴 ~/.ssh/id_ed25519.pub 之类文件中的一行。
error-key-of-another = 此公钥属于另一个用户：请用 ssh-keygen -t ed25519 生成您自己的密钥。
error-key-private = 这是私钥，除您之外任何人都不应持有：请提供以 .pub 结尾的文件。
error-key-registered = 此公钥已登记。
error-keys-many = { $name } 已有 { $most } 个公钥，达到上限：请先删除一个。
error-last-administrator = { $name } 是最后一名管理员：请先另建一名。
error-login-delay = 密码错误次数过多：请 { $seconds } 秒后再试。
error-network-not-ready = { $env } 的网络规划尚未就绪，还有 { $count } 处问题：请在环境页按 w，再按 3。
error-no-credentials = 节点 { $node } 没有登录凭据：请提供密码、密钥或代理。
error-no-environment = 没有环境 { $env }。
error-no-job = 没有任务 { $job }。
error-no-jump = { $node } 没有跳板机。
error-no-module = 平台 { $platform } 没有模块 { $module }；可用的有 { $modules }。
error-no-node = 没有节点 { $node }。
error-no-platform = 目录中没有平台 { $name }。
error-no-platforms = 目录中没有平台：“cpmg doctor”会说明在哪里查找 roles。
error-no-user = 没有名为 { $name } 的用户。
error-node-address-taken = { $address } 已是节点 { $node } 的地址。
error-node-busy = 节点 { $node } 的状态为“{ $state }”：请等待任务结束，或取消任务。
error-node-elsewhere = 该节点属于另一个环境。
error-node-locked = 节点 { $node } 已被 { $by } 锁定（{ $why }）：请先解锁。
error-node-name-taken = 该环境已有名为 { $name } 的节点。
error-node-state = 节点 { $node } 的状态为“{ $state }”，不允许此操作。
error-not-administrator = 只有管理员可以修改其他用户的账号。
error-not-allowed = { $name } 的角色是{ $role }：此操作需要角色{ $needs }。请联系管理员。
error-not-first = 已有管理员：请登录。
error-not-logged-in = 请先登录。
error-nothing-runs = 该节点上没有正在运行的步骤。
error-nothing-to-undo = 任务 { $job } 在那里没有可撤销的操作。
error-old-password = 旧密码不正确。
error-passphrase-needed = 私钥已加密：请提供口令。
error-password-failed = 无法处理该密码：{ $why }
error-reinstall-minutes = 重装的时限为 1 到 { $most } 分钟。
error-report-gone = 该报告已不再保存：请重新生成。
error-session-expired = 会话已过期，请重新登录。
error-set-untried = 节点 { $node } 尚未采用凭据组 { $name } 中的凭据：请先探测该节点。
error-ssh-agent = 无法使用 { $socket } 处的 SSH 代理（{ $why }）：请启动它，并用 ssh-add 加入密钥。
error-ssh-channel = { $host } 拒绝再开通道（{ $why }）：已达到 MaxSessions。请关闭一些终端，或提高其 MaxSessions。
error-ssh-command = { $host } 上执行失败：{ $what }（{ $status }）：{ $said }
error-ssh-held-back = { $host } 在 { $minutes } 分钟内拒绝了 { $refused } 次登录；为避免账号被锁定，{ $until }（UTC）之前不再尝试。请先更正凭据。
error-ssh-login = { $host } 没有接受 { $user }：已尝试 { $tried }；服务器允许 { $allowed }。请检查用户名、密码或 authorized_keys。
error-ssh-lost = 与 { $host } 的连接已断开（{ $why }）。
error-ssh-negotiation = { $host } 与 cpmg 没有共同的算法（{ $why }）：请升级其 SSH 服务，或在其上允许较新的算法。
error-ssh-not-ssh = { $host } 不是 SSH 服务（其应答：{ $said }）：请更正端口。
error-ssh-refused = { $host } 拒绝连接：该端口没有服务在监听。请在那里启动 sshd，或更正端口。
error-ssh-timeout = { $host } 在 { $seconds } 秒内没有应答：请检查电源、网络以及途中的防火墙。
error-ssh-unreachable = 无法到达 { $host }（{ $why }）：请检查电源、网线和地址。
error-task-compute-already = { $node } 已是计算节点。
error-task-compute-not = { $node } 不是计算节点。
error-task-nic-flat = { $node } 的网卡 { $nic } 已承载扁平网络 { $network }。
error-task-nic-network = { $node } 的网卡 { $nic } 已承载网络 { $network }。
error-task-nic-ours = { $node } 的网卡 { $nic } 承载着 cpmg 自己的连接。
error-task-no-flat = 没有扁平网络 { $name }；现有：{ $there }
error-task-no-nic = { $node } 没有网卡 { $nic }：请为它指定另一块网卡（--on { $node }=NIC），或重新收集其信息（cpmg node facts { $node } --refresh）。
error-task-no-nics = 没有为任何节点指定网卡：请用 --nic 或 --on NODE=NIC 指定。
error-task-no-role = { $node } 没有角色：请先分配角色并安装。
error-task-no-such-node = 环境中没有这个节点。
error-task-no-undo = 没有可撤销的操作。
error-task-not-controller = { $node } 不是控制节点：请给它该角色并安装。
error-task-not-controller-out = { $node } 不是控制节点：请用 cpmg node remove 移除它。
error-task-not-installed = { $node } 尚未安装：请先安装。
error-task-not-over = 任务 { $job } 尚未结束：请先停止它。
error-task-nothing-installed = 尚未安装任何内容：请先安装该环境。
error-typed-name = 输入的节点名称不正确：未执行任何操作。
error-undo-changed = 将要撤销的内容在显示之后已有变化：请重新查看列表。
error-unknown-request = 引擎不认识此请求：它与本程序版本不同。
error-unreadable-key = 无法读取私钥（{ $why }）：请提供完整的私钥文件，而不是 .pub 文件。
error-user-exists = 已有名为 { $name } 的用户。
error-wrong-passphrase = 口令打不开私钥：请重新输入。
error-wrong-password = 用户名或密码错误。

## 他人先行保存
stale-title = { $by } 已同时修改
stale-somebody = 他人
stale-still = 未保存：他人已先保存。按 ^S 可再次查看差异。
stale-nothing = 对方没有修改此处的内容：保存您的修改会同时保留对方的修改。
stale-theirs = { $field }：{ $theirs }（原为 { $was }）；您未改动
stale-mine = { $field }：您的 { $mine }（原为 { $was }）
stale-both = ! { $field }：对方 { $theirs }，您的 { $mine }（原为 { $was }）
stale-what = 在您选择之前，已输入的内容都会保留。保存您的修改时，您未改动之处采用对方的内容。
stale-taken = 现在的内容来自 { $by }。
button-keep-editing = 继续编辑
button-take-theirs = 采用对方的
button-save-mine = 保存我的
stale-what-text = 在您选择之前，已输入的内容都会保留。保存您的文本会取代对方的全文：带 - 的行被去掉，带 + 的行被加入。
error-not-from-afar = 通过 SSH 进入的会话不能这样做：这涉及管理主机上的文件或进程，请在管理主机上操作。
error-no-key = { $name } 没有这样的公钥，或者有多个公钥以此开头。
