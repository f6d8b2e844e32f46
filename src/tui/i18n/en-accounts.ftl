## Addresses
crumb-addresses = Addresses
context-addresses = Addresses
act-addresses = addresses: pools, subnets, who uses what
act-ip-new = new: a pool, a subnet, an address
act-ip-confirm = confirm the reserved subnet
act-ip-free = give back what is selected
act-ip-refresh = read again
act-pools = pools
act-subnets = subnets
act-used = addresses in use
hint-ip-new = new
hint-ip-confirm = confirm
hint-ip-free = give back
hint-ip-refresh = read again
tab-pools = Pools
tab-subnets = Subnets
tab-used = In use
pool-infrastructure = infrastructure
pool-tenant = tenants
ip-source-subnet = subnet
ip-source-allocated = allocated
ip-source-plan = network plan
ip-source-node = node
ip-source-nic = NIC
ip-source-dhcp = DHCP
ip-source-cobbler = Cobbler
ip-source-sweep = sweep
ip-source-unknown = ?
ip-conflicts = { $count ->
    [one] one address has two owners
   *[other] { $count } addresses have two owners
 }
ip-no-pools = No pools yet: a pool is a network that subnets are taken from.
ip-no-pools-do = Press n to add one.
ip-no-subnets = No subnets yet: an owner reserves one and confirms it, or it falls back to its pool.
ip-no-subnets-do = Press n to reserve one.
ip-no-addresses = Nobody uses an address.
ip-no-addresses-do = Add nodes, or allocate addresses of a confirmed subnet with n.
subnet-reserved = reserved, { $left } left
subnet-confirmed = confirmed
subnet-size = { $count } addresses, { $usable } usable
col-pool-net = Network
col-for = For
col-addresses = Addresses
col-reserved = Reserved
col-confirmed = Confirmed
col-in-use = In use
col-owner = Owner
col-who = Who
col-known-by = Known by
col-subnet-of = Subnet of
field-network = Network
field-pool-kind = For
field-owner = Owner
field-size = Size
field-timeout = Seconds
field-at = Network
field-subnet-of = Subnet of
field-for = For
hint-pool-net = in CIDR form, as 10.20.0.0/24
hint-owner = a name that is unique in this environment
hint-timeout = it falls back to its pool after that, unless it is confirmed
hint-at = blank: the first one that is free
hint-for = a machine, an instance, a controller
hint-any-address = blank: the first one that is free
pool-new-title = New pool
pool-new-done = The pool was added.
subnet-new-title = Reserve a subnet
subnet-new-intro = It falls back to its pool unless it is confirmed in time.
subnet-new-done = { $subnet } is reserved for { $owner }; confirm it in time.
address-new-title = Allocate an address
address-new-done = { $address } belongs to { $owner }.
ip-delete-title = Give a subnet back?
ip-delete-what = { $count ->
    [0] { $owner }'s subnet { $net } goes back to its pool. Nothing uses it.
    [one] { $owner }'s subnet { $net } goes back to its pool. One address of it is in use.
   *[other] { $owner }'s subnet { $net } goes back to its pool. { $count } addresses of it are in use.
 }
ip-release-title = Take an address back?
ip-release-what = { $address } is { $owner }'s; somebody else may get it then.
button-give-back = Give back
refused-no-pool = There is no pool to take a subnet from: add one first.
refused-no-subnet = There is no confirmed subnet: reserve and confirm one first.
refused-ip-confirm = Select a subnet first.
refused-ip-release = Only addresses that were allocated here can be given back.
refused-nothing-selected = Nothing is selected.
fault-network = Write a network as 10.20.0.0/24.
fault-not-normal = That is an address inside a network; the network is { $net }.
fault-pool-unusable = Nobody can use addresses of that network (loopback, multicast, link-local, reserved).
fault-pool-size = A pool has a prefix of /16 to /29; one of IPv6 of /32 to /126.
fault-owner = 1 to 64 visible characters, no blanks at the ends.
fault-timeout = 1 to 86400 seconds.
fault-ip-address = Four numbers from 0 to 255 with dots between them.

## Accounts of services
crumb-accounts = Accounts
context-accounts = Accounts
act-accounts = accounts of the services
act-account-set = new value: generate or type
act-account-back = go back to the old password
hint-account-set = change
hint-account-back = go back
accounts-empty = No accounts: no chosen module needs one.
accounts-empty-do = Choose modules first; their accounts are made then.
account-user = name
account-rotating = rotating
account-unsettled = not settled
account-unused = not used yet
account-in-force = in force
col-account = Account
col-value = Value
col-strength = Strength
col-used-on = Used on
strength-word-weak = weak
strength-word-fair = fair
strength-word-strong = strong
account-change-title = New value of { $name }
account-change-unused = No service uses it yet: the next installation will.
account-change-used = Services on { $nodes } use it. The next page shows what changing it there does.
account-generate = generate
account-type = type
field-how = How
field-length = Length
field-classes = Of
class-lower = a-z
class-upper = A-Z
class-digits = 0-9
class-symbols = symbols
class-readable = no look-alikes (0 O 1 l)
hint-account-database = letters, digits and . _ ~ - only: it goes through the database migrations of the service
hint-account-url = any ASCII characters; they are encoded in the connection URL
hint-account-any = any characters
hint-account-user = letters, digits, _ and -; begins with a letter
account-meter = { $strength }, { $bits } bits
account-set-done = { $name } is set.
account-fault-control = No tabs or ends of lines: values are handed to the steps as fields of lines.
account-fault-blank = No blank at the beginning or the end: configuration files take it away.
account-fault-ascii = "{ $char }" is no ASCII character: the database client and the server encode it differently.
account-fault-ascii-url = "{ $char }" is no ASCII character: RabbitMQ's tools and clients encode it differently.
account-fault-template = "{ $char }" would have to be encoded with % in the connection URL, and the service's database migrations take % for something else.
account-fault-dollar = No $: configuration files of OpenStack take it for a reference to another option.
account-fault-quoted = No quotation marks around it: configuration files of OpenStack take them away.
account-fault-keystone = Longer than 72 bytes: Keystone looks at the first 72 only.
account-fault-name = 1 to 32 letters, digits, _ and -; begins with a letter.
generator-fault-length = 12 to 64 characters.
generator-fault-classes = Choose a-z or A-Z at least.
generator-fault-dice = The random numbers ran out: try again.
refused-rotation-open = Its last rotation is not settled: retry its job, or go back with b.
refused-user-in-use = Services log in as this user: it cannot be renamed.
refused-no-rotation = It has no unfinished rotation: there is nothing to go back to.
refused-rotation-runs = Its rotation is still at work: wait for it, or stop its job.
rotation-open = { $name }: job { $job } rolls the new password out ({ $state }). b goes back to the old one.
rotation-back-open = { $name }: job { $job } rolls the old password out again ({ $state }).
rotation-has-set = set
rotation-has-not-yet = not yet
rotation-has-unknown = begun, not known
rotation-title = Rotate { $name }?
rotation-what-generated = A new password is generated and set by these steps. Nobody sees it.
rotation-what-typed = The password that you typed is set by these steps.
rotation-what-back = The old password is set again by these steps.
rotation-count = { $steps ->
    [one] one step
   *[other] { $steps } steps
 } on { $nodes ->
    [one] one node
   *[other] { $nodes } nodes
 }
rotation-restarts = Restart where something changes: { $services }
rotation-note = ▸ gets the password. The old one is kept, sealed, until the job has succeeded.
rotation-started = The rotation of { $name } has started.
button-rotate = Rotate
error-no-account = Environment { $env } has no account { $name }.
error-account-in-use = { $name } is in use on { $nodes }: { $kind ->
    [user] a user that services log in as cannot be renamed.
   *[password] rotate it, so that the services get the new one.
}
error-no-rotation = There is no unfinished rotation to go back from.
error-rotation-undo = A rotation that has succeeded cannot be undone, the old password is forgotten then. Rotate again.
error-rotation-unfinished = A rotation has not succeeded: retry its job, or go back to the old password on the page of the accounts.
error-rotation-user = Services that log in as a user cannot be moved to another.
error-rotation-unused = No service uses it yet: set it, the installation will use that.
error-rotation-changed = What the rotation would do has changed: look at it again.
error-rotation-same = That is the present password.
error-rotation-damaged = What is stored about the rotation of { $name } is damaged.
