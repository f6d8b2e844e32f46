# What the engine refuses, by the key that it sends; and what is done where somebody else was quicker.

error-account-form = An account has 1 to 32 letters, digits, dots, underscores or hyphens.
error-bundle-gone = The plan needs { $what }, which the catalog no longer has: put it back or start a new installation.
error-bundle-kept = The files of the nodes cannot be kept: { $why }
error-bundle-no-node = Node { $node } is not part of the plan.
error-bundle-pack = The scripts cannot be packed: { $why }
error-bundle-variable = The variable { $name } cannot be given to steps: it is an account's name, no variable's name, or holds a NUL.
error-conflict = { $kind ->
    [network] The network plan of { $name }
    [discovery] How machines are found for { $name }
    [node] Node { $name }
    [user] User { $name }
   *[environment] Environment { $name }
} was changed meanwhile{ $by ->
    [blank] {""}
   *[other] {" "}by { $by }
} (revision { $revision }, yours is based on { $based }): look at it again and repeat the change.
error-credential-damaged = The credential of node { $node } is damaged: { $why }
error-door-key = The host key { $path }: { $why }
error-empty-password = The password is empty.
error-env-busy = Job { $job } ({ $kind }) of { $by } has worked on this environment for { $minutes } min: wait for its end, or stop it.
error-env-exists = There is an environment called { $name } already.
error-env-hidden-exists = A hidden environment is called { $name }: choose another name, or have an administrator show it again.
error-extend-minutes = It is extended by 1 to { $most } minutes.
error-extend-seconds = It is extended by 1 to { $most } seconds.
error-facts-none = The node did not tell its facts: its account needs a POSIX shell (sh) with the usual tools.
error-facts-silent = { $host } did not tell its facts within { $seconds } s: one of its disks or file systems may not respond.
error-facts-torn = The node broke off while it told its facts: try again.
error-host-key-changed = The host key of { $host } has CHANGED: { $pinned } was pinned, it now shows { $offered }. Either the machine was reinstalled, or somebody sits in between. Nothing was sent. Forget the old key only if you know why it changed.
error-host-key-form = This is not a host key: it reads like 'ssh-ed25519 AAAAC3…', as ssh-keyscan prints it after the address.
error-host-key-other = Another host key is pinned for this node: forget that one first, if you know why it changed.
error-host-key-unknown = The host key of { $host } is new: { $offered }. Compare it with the one on the node and accept it.
error-ip-full = No pool for { $kind } has { $count } addresses in a row that are free: { $address } belongs to { $owner }. Add a pool, or delete a subnet.
error-ip-has-one = { $owner } has the subnet { $subnet } already: confirm, use or delete that one.
error-ip-in-use = { $address } belongs to { $owner } already ({ $source }).
error-ip-lapsed = { $owner }'s reservation of { $net } fell back to the pool when its time was over: reserve again.
error-ip-no-pool = There is no pool { $net }.
error-ip-no-subnet = { $owner } has no subnet: reserve one first.
error-ip-none-free = There is no pool for { $kind }: add one first.
error-ip-not-allocated = { $address } is not allocated.
error-ip-not-confirmed = { $owner }'s subnet { $net } is only reserved: confirm it first.
error-ip-not-in-subnet = { $address } is not a usable address of { $owner }'s subnet { $net }.
error-ip-outside = { $net } does not lie in a pool for { $kind }.
error-ip-overlap = { $net } overlaps the pool { $other } ({ $kind }): no address may be in two pools.
error-ip-pool-in-use = Pool { $net } is in use: { $owner } has { $subnet } of it. Delete that subnet first.
error-ip-pools-full = An environment has 64 pools at most: remove one first.
error-ip-size = A subnet has 8, 16, 32 or 64 addresses.
error-ip-subnet-full = { $owner }'s subnet { $net } is full: all { $usable } usable addresses are in use.
error-ip-taken = { $net } is not free: { $address } belongs to { $owner } ({ $source }).
error-job-no-node = Job { $job } has no node { $node }.
error-job-not-newest = Job { $job } is not the newest of its environment: job { $newer } came after it.
error-job-not-over = Job { $job } is in the state { $state }: only one that failed, was cancelled or undone can be tried again.
error-job-over = Job { $job } is over already: { $state }.
error-job-refuses = Job { $job } is in the state { $state }, or the node in one that does not allow this: look again.
error-jump-form = '{ $place }' is not a jump host: write [account@]address[:port] with an IPv4 address, as admin@10.0.0.1:22.
error-jump-key-other = Another host key is pinned for this jump host: forget that one first, if you know why it changed.
error-jump-self = The jump host is the node itself.
error-jump-set = A jump host takes no set of credentials: give a password, a key or an agent.
error-jump-several = One jump host is the most: '{ $place }' names several.
error-key-kind = Keys of this kind are not taken ({ $kind }): make one with 'ssh-keygen -t ed25519'.
error-key-not-public = That is no public key: paste one line of a file as ~/.ssh/id_ed25519.pub.
error-key-of-another = This key belongs to another user: make one of your own with 'ssh-keygen -t ed25519'.
error-key-private = That is a private key, which nobody but you should have: give the file that ends in .pub.
error-key-registered = This key is registered already.
error-keys-many = { $name } has { $most } keys, which are the most: remove one first.
error-last-administrator = { $name } is the last administrator: make another one first.
error-login-delay = Too many wrong passwords: try again in { $seconds } s.
error-network-not-ready = The network plan of { $env } is not ready, { $count } points are open: press w in the environment, then 3.
error-no-credentials = No credentials are known for node { $node }: give a password, a key or an agent.
error-no-environment = There is no environment { $env }.
error-no-job = There is no job { $job }.
error-no-jump = { $node } has no jump host.
error-no-module = Platform { $platform } has no module { $module }; it has { $modules }.
error-no-node = There is no node { $node }.
error-no-platform = The catalog has no platform { $name }.
error-no-platforms = The catalog has no platform: 'cpmg doctor' says where roles are looked for.
error-no-user = There is no user called { $name }.
error-node-address-taken = { $address } is the address of node { $node } already.
error-node-busy = Node { $node } is in the state { $state }: wait for the end of the job, or cancel it.
error-node-elsewhere = This node belongs to another environment.
error-node-locked = Node { $node } is locked by { $by } ({ $why }): unlock it first.
error-node-name-taken = The environment has a node called { $name } already.
error-node-state = Node { $node } is in the state { $state }, which does not allow this.
error-not-administrator = Only an administrator changes other users' accounts.
error-not-allowed = { $name } has the role { $role }: this needs the role { $needs }. Ask an administrator.
error-not-first = There is an administrator already: log in.
error-not-logged-in = Log in first.
error-nothing-runs = Nothing runs on this node.
error-nothing-to-undo = Job { $job } has done nothing there that could be undone.
error-old-password = The old password is wrong.
error-passphrase-needed = The private key is encrypted: give its passphrase.
error-password-failed = The password could not be processed: { $why }
error-reinstall-minutes = A reinstallation gets 1 to { $most } minutes.
error-report-gone = This report is not kept any more: ask for a new one.
error-session-expired = The session has expired: log in again.
error-set-untried = Node { $node } has not taken a credential of the set { $name } yet: probe it first.
error-ssh-agent = The SSH agent at { $socket } cannot be used ({ $why }): start it, and add a key with ssh-add.
error-ssh-channel = { $host } refused another channel ({ $why }): its MaxSessions is reached. Close shells, or raise MaxSessions there.
error-ssh-command = On { $host } this failed: { $what } ({ $status }): { $said }
error-ssh-held-back = { $host } refused { $refused } logins within { $minutes } minutes; so that no account is locked out there, nothing is tried before { $until } UTC. Correct the credentials meanwhile.
error-ssh-login = { $host } did not accept { $user }: tried { $tried }; the server allows { $allowed }. Check user name, password or authorized_keys.
error-ssh-lost = The connection to { $host } was lost ({ $why }).
error-ssh-negotiation = { $host } and cpmg found no common language ({ $why }): update its SSH server, or allow a current algorithm there.
error-ssh-not-ssh = { $host } is not an SSH server (it said: { $said }): correct the port.
error-ssh-refused = { $host } refused the connection: nothing listens on that port. Start sshd there, or correct the port.
error-ssh-timeout = { $host } did not answer within { $seconds } s: check its power, its network and any firewall on the way.
error-ssh-unreachable = { $host } cannot be reached ({ $why }): check its power, cable and address.
error-task-compute-already = { $node } is a compute node already.
error-task-compute-not = { $node } is no compute node.
error-task-nic-flat = { $nic } of { $node } carries the flat network { $network } already.
error-task-nic-network = { $nic } of { $node } carries the network { $network } already.
error-task-nic-ours = { $nic } of { $node } carries cpmg's own connection.
error-task-no-flat = There is no flat network { $name }; there are: { $there }
error-task-no-nic = { $node } has no NIC { $nic }: name another one for it (--on { $node }=NIC), or gather its facts anew (cpmg node facts { $node } --refresh).
error-task-no-nics = No node was given a NIC for it: name one with --nic or --on NODE=NIC.
error-task-no-role = { $node } has no role: give it one and install it first.
error-task-no-such-node = The environment has no such node.
error-task-no-undo = There is nothing to undo.
error-task-not-controller = { $node } is no controller: give it the role and install it.
error-task-not-controller-out = { $node } is no controller: 'cpmg node remove' takes it out.
error-task-not-installed = { $node } is not installed: that comes first.
error-task-not-over = Job { $job } is not over: stop it first.
error-task-nothing-installed = Nothing is installed yet: install the environment first.
error-typed-name = The node's name was not typed right: nothing was done.
error-undo-changed = What would be undone has changed since it was shown: look at the list again.
error-unknown-request = The engine does not know this request: it is of another release than this program.
error-unreadable-key = The private key cannot be read ({ $why }): give the whole file, not the .pub file.
error-user-exists = There is a user called { $name } already.
error-wrong-passphrase = The passphrase does not open the private key: type it again.
error-wrong-password = Wrong user name or password.

## Somebody else was quicker
stale-title = Changed meanwhile by { $by }
stale-somebody = somebody else
stale-still = It is not saved: somebody else was quicker. ^S shows the difference again.
stale-nothing = Nothing that stands here was changed by the other one: saving yours keeps his change.
stale-theirs = { $field }: { $theirs } (was { $was }); you have not touched it
stale-mine = { $field }: yours { $mine } (was { $was })
stale-both = ! { $field }: theirs { $theirs }, yours { $mine } (was { $was })
stale-what = What you typed stays until you choose. Saving yours takes theirs for what you have not touched.
stale-taken = The values are those of { $by } now.
button-keep-editing = Keep editing
button-take-theirs = Take theirs
button-save-mine = Save mine
stale-what-text = What you typed stays until you choose. Saving yours replaces the whole text: lines with - go, lines with + come.
error-not-from-afar = Not in a session over SSH: that is about files or processes of the management host. Do it there.
error-no-key = { $name } has no such key, or more than one begins like this.
