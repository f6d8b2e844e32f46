# English. Keys are used as t!("key") in the code; a test compares the languages.
## Time
ago-now = now
ago-seconds = { $n }s ago
ago-minutes = { $n }m ago
ago-hours = { $n }h ago
ago-days = { $n }d ago

## Starting and connection
starting = Starting the engine…
starting-session = Resuming the session…
starting-again = No engine answers yet; trying again. ^C leaves.
link-up = engine +
link-starting = engine …
link-down = engine ✗
link-lost = The connection to the engine was lost; it is being made again. Try once more in a moment.
banner-lost = Engine lost { $age } ago; connecting again. The screen shows what was.
banner-retry = No engine for { $age }; next try in { $seconds }s: { $why }
banner-simulated = Simulated nodes: nothing here is a real machine.
defect = A defect of this program (it goes on; jobs are not touched): { $what }
too-small = This terminal is { $now }; cpmg needs { $least }.
header-jobs =
    { $count } { $count ->
     [one] job
    *[other] jobs
    } { $share }
header-user = { $name } ({ $role })
loading = Asking the engine…
loading-down = No engine answers now; what belongs here comes as soon as one does.
ask-again = Go back and open this page again to ask once more.
ask-later = It is asked for again as soon as the engine answers.

## Login and accounts
login-title = Log in to cpmg
first-title = First administrator
first-intro = No user exists yet. Make the first administrator; others are added afterwards.
field-user = User
field-password = Password
field-new-password = New password
field-old-password = Old password
field-again = Once more
field-role = Role
fault-empty = This must not be empty.
fault-again = The two passwords differ.
hint-user-name = 2 to 32 of a-z 0-9 . _ - with a letter first
hint-new-password = at least 8 characters; a few words are better than a few signs
hint-user-role = viewers only read; operators install; administrators also manage users
user-name-length = A user's name has 2 to 32 characters.
user-name-start = A user's name starts with a lower-case letter.
user-name-characters = A user's name consists of a-z, 0-9, dot, underscore and hyphen.
password-too-short = Too short: at least 8 characters.
password-too-long = Too long: 256 bytes are the most.
password-like-name = Too similar to the user's name.
password-common = Among those that are tried first: choose a less common one.
password-digits-only = Digits only: add letters.
password-repetition = One character repeated: choose a varied one.
session-ended = The session has ended: log in again. Everything is where you left it.
own-password-title = Change your password
own-password-done = Your password was changed.
user-role-viewer = viewer
user-role-operator = operator
user-role-administrator = administrator

## Forms, dialogs, prompts
form-busy = Sent; waiting for the engine…
form-discard = There are changes. Esc again discards them.
confirm-type = Type { $name } to confirm:
confirm-type-first = Type the name first.
button-cancel = Cancel
button-hide = Hide
button-disable = Disable
button-remove = Remove
button-forget = Forget the key
button-install = Install
button-close = Close the shell
button-trust =
    { $count ->
     [one] Trust this key
    *[other] Trust these { $count } keys
    }
prompt-filter = /
prompt-search = search:
filter-empty = Nothing matches "{ $filter }". Esc clears the filter.
filter-kept = Only what matches "{ $filter }" is shown, as last time. Esc clears the filter.
copied = Sent to your terminal's clipboard (OSC 52).
mouse-on = The mouse scrolls here; F5 gives it back to your terminal.
mouse-off = The mouse belongs to your terminal again.
language-now = Language: { $name }
language-unknown = There is no language "{ $code }"; there are en and zh-CN.
theme-now = Theme: { $name }
theme-unknown = There is no theme "{ $name }".
theme-unusable = This terminal cannot show the theme "{ $name }" (see NO_COLOR, COLORTERM).
line-unknown = "{ $line }" is no command here. : and Tab show what there is.
refused-role = You are logged in as { $role }: that is not permitted, it takes at least the role { $needs }.
only-look = You are logged in as { $role } and only look here: changing it takes at least the role { $needs }.
back-first = This is the first page. q leaves; what runs goes on.
messages-empty = No messages yet.
help-title = Keys

## Breadcrumbs
crumb-environments = Environments
crumb-hidden = Hidden environments
crumb-messages = Messages
crumb-users = Users
crumb-sweep = Find machines
crumb-plan = Plan
crumb-job = Job { $id }

## Columns
col-name = Name
col-state = State
col-nodes = Nodes
col-installed = Installed
col-failed = Failed
col-job = Last job
col-platform = Platform
col-changed = Changed
col-by = By
col-role = Role
col-roles = Roles
col-made = Made
col-address = Address
col-reach = SSH
col-system = System
col-cpus = CPUs
col-memory = Memory
col-host-key = Host key
col-what = What it is
col-chosen = Chosen
col-needs = Needs
col-ports = Ports
col-on = On
col-started = Started
col-took = Took
col-job-id = Job
col-port = Port
col-answer = What answered
col-known = Known as

## Environments
env-state-empty = empty
env-state-new = not installed
env-state-partial = partly installed
env-state-installed = installed
env-state-failed = failed
env-state-installing = installing { $share }
env-empty = No environment yet. An environment is one OpenStack cloud.
env-empty-how = n makes one.
hidden-empty = No environment is hidden.
env-new-title = New environment
env-rename-title = Rename { $name }
env-parallel-title = Nodes at once in { $name }
env-platform-title = Platform of { $name }
field-name = Name
field-platform = Platform
field-parallel = Nodes at once
hint-env-name = 1 to 40 letters, digits, spaces, dots, underscores, hyphens
hint-parallel = how many nodes a stage works on at once, 1 to { $most }
fault-parallel = A number from 1 to { $most }.
env-name-length = A name has 1 to 40 characters.
env-name-characters = A name consists of letters, digits, spaces, dots, underscores and hyphens.
env-name-edges = A name starts and ends with a letter or a digit.
env-name-digits = A name needs at least one letter.
env-made = { $name } was made. Enter opens it.
env-changed = { $name } was changed.
env-hide-title = Hide { $name }?
env-hide-what =
    The environment { $name } with { $nodes } { $nodes ->
     [one] node
    *[other] nodes
    } leaves the list.
env-hide-machines = Nothing is done on its machines; a cloud that runs goes on running.
env-hide-undo = An administrator can bring it back.
env-hidden-done = Hiding { $name }.
refused-no-env = There is no environment to do this with.
refused-is-hidden = It is hidden already.
refused-not-hidden = Only hidden environments can be brought back: . shows them.
refused-env-busy = Job { $job } of { $by } has worked on it since { $at }: wait for it or stop it first.

## Users
user-enabled = enabled
user-disabled = disabled
user-new-title = New user
user-password-title = New password for { $name }
user-made = { $name } was made.
user-password-done = { $name } has a new password.
user-disable-title = Disable { $name }?
user-disable-what = { $name } can no longer log in; open sessions end.
user-disable-undo = The same key enables the user again.
refused-own-account = That is your own account.
refused-own-password = For your own account use :password, which asks for the old one.

## States
node-state-discovered = no role
node-state-ready = ready
node-state-queued = queued
node-state-installing = installing
node-state-verifying = verifying
node-state-installed = installed
node-state-failed = failed
node-state-cancelled = cancelled
node-state-interrupted = interrupted
node-state-undoing = undoing
node-state-undo-failed = undo failed
node-state-reinstalling = reinstalling
node-state-manual = by hand
node-state-checking = checking
reach-unknown = untried
reach-answers = answers
reach-silent = silent
reach-probing = asking
role-controller = controller
role-compute = compute
role-storage = storage
role-short-controller = ctrl
role-short-compute = comp
role-short-storage = stor
more-below = ↓ { $count } more
job-state-queued = queued
job-state-running = running
job-state-cancelling = stopping
job-state-interrupted = interrupted
job-state-succeeded = done
job-state-failed = failed
job-state-cancelled = stopped
job-state-holding = held
job-state-draining = finishing
job-state-undone = undone
job-node-waiting = waiting
job-node-running = running
job-node-done = done
job-node-failed = failed
job-node-cancelled = stopped
job-node-interrupted = interrupted
job-node-undoing = undoing
job-node-undone = undone
job-node-undo-failed = undo failed
job-node-reinstalling = reinstalling
job-node-manual = by hand
job-node-checking = checking
stage-preflight = preflight
stage-controllers = controllers
stage-computes = computes
stage-storage = storage
stage-verification = verification
step-waiting = waiting
step-running = running
step-interrupted = interrupted
step-changed = changed
step-unchanged = nothing to do
step-failed = failed with status { $status }
step-lost = lost
step-timed-out = too long
step-cancelled = stopped

## One environment
tab-nodes = Nodes
tab-modules = Modules
tab-jobs = Jobs
nodes-empty = No node yet.
nodes-empty-how = f looks for machines by SSH, n adds one by its address.
jobs-empty = Nothing was installed yet.
jobs-empty-how = i shows the plan and starts it from there.
nodes-marked = { $count } marked
refused-no-node = There is no node to do this with.
refused-one-node = Only one node at a time: take the marks away (Esc).
refused-node-busy = A job works on { $name }: wait for it or stop it first.
refused-no-credential = { $name } has no credentials: c gives it some.
refused-no-key = The host key of { $name } is not pinned: p asks for it.
refused-no-pin = No host key of { $name } is pinned: there is nothing to forget.
refused-no-roles = No node has a role: r gives roles.
refused-no-nodes = The environment has no nodes: f finds machines.
refused-no-job = { $name } was part of no job yet: there is no output.
refused-no-jobs = There is no job.

## Nodes
sweep-title = Find machines by SSH
field-ranges = Addresses
hint-ranges = 10.0.0.0/24, 10.0.0.1-10.0.0.50, 10.0.0.1-50 or one address; several with commas
field-port = Port
hint-port = of SSH, usually 22
fault-port = A port is a number from 1 to 65535.
fault-range = Not a range: write 10.0.0.0/24, 10.0.0.1-10.0.0.50, 10.0.0.1-50 or one address.
fault-range-backwards = The range ends at { $end }, before it starts at { $start }: exchange the two.
fault-range-large = { $range } holds { $count } addresses; 65536 are the most at once: split it.
fault-range-unusable = { $address } cannot be a node's address.
fault-address = Not a usable IPv4 address: four numbers with dots, as in 192.168.7.10.
sweep-running =
    Asking { $done } of { $total }, { $found } { $found ->
     [one] answer
    *[other] answers
    }
sweep-done = Asked { $total } in { $span }: SSH answered at { $found }
sweep-stopped = Stopped after { $done } of { $total }: SSH answered at { $found }
sweep-nothing = Nothing has answered yet.
sweep-none = Nothing answered on that port. Are the machines up, and is the range right?
found-other = not SSH: { $what }
refused-not-ssh = What answers at { $address } is not SSH.
refused-known = { $address } is already in this environment as { $name }.
refused-sweep-over = The search is over.
refused-nothing-found = Nothing was found yet.
node-add-title = Add a node
node-add-many-title =
    { $count ->
     [one] Add the node { $first }
    *[other] Add { $count } nodes
    }
node-rename-title = Rename { $name }
node-credential-title =
    { $count ->
     [one] Credentials of { $first }
    *[other] Credentials of { $count } nodes
    }
node-jump-title = Way to { $name }
field-jump = Jump host
hint-jump = [account@]address[:port]; empty: reached directly
method-own = as to the node
fault-jump = [account@]address[:port] with an IPv4 address, as admin@10.0.0.1:22
host-key-jump = jump host { $host } of { $node }
node-address-title = Address of { $name }
field-address = Address
field-node-name = Name
hint-node-name = a host name; empty takes the one the node tells
fault-node-name = 1 to 63 of a-z 0-9 and -, with a letter, no hyphen at the ends.
field-account = Account
hint-account = needs root's rights on the node
field-method = Log in by
method-password = password
method-key = private key
method-agent = agent
field-key = Key file
hint-key = read on this host by this program, then sealed by the engine
field-passphrase = Passphrase
hint-passphrase = empty if the key has none
field-agent = Agent socket
hint-agent = path of SSH_AUTH_SOCK; the engine must be able to reach it
nodes-added =
    { $count } { $count ->
     [one] node
    *[other] nodes
    } added; asking for host keys.
nodes-partly = { $done } of { $count } done; the rest was refused, see above.
node-item-refused = { $what }: { $why }
node-changed = { $name } was changed.
credentials-changed =
    Credentials of { $count } { $count ->
     [one] node
    *[other] nodes
    } changed.
roles-title =
    { $count ->
     [one] Roles of { $first }
    *[other] Roles of { $count } nodes
    }
roles-intro = Space ticks, Enter applies. [~]: the nodes differ and stay as they are.
roles-set =
    Roles of { $count } { $count ->
     [one] node
    *[other] nodes
    } set.
node-remove-title =
    { $count ->
     [one] Remove { $first }?
    *[other] Remove { $count } nodes?
    }
node-remove-what = Out of this environment: { $names }.
node-remove-machines = Nothing is done on the machines; what is installed there stays.
node-remove-undo = They can be added again with their credentials; their history stays with the jobs.
node-forget-title = Forget the host key of { $name }?
node-forget-what = The pinned key { $key } is forgotten; the next probe asks for a new one.
node-forget-when = Do this only after you reinstalled the machine or know why its key changed: otherwise somebody may be in between.
probe-started =
    Asking { $count } { $count ->
     [one] node
    *[other] nodes
    }.
probe-done = { $name } answers; its facts are new.
probe-failed = { $name }: { $why }
host-key-title =
    { $count ->
     [one] A new host key
    *[other] { $count } new host keys
    }
host-key-ask =
    { $count ->
     [one] This node was never seen before. Is this its key?
    *[other] These nodes were never seen before. Are these their keys?
    }
host-key-how = Compare with the machine's console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
host-key-not-trusted = Not trusted; p asks again.
host-key-changed-short = { $name }: the host key has changed; nothing was sent.
host-key-changed-title = { $name }: host key changed
host-key-changed-what = { $name } shows another host key than the pinned one. The connection was ended before anything was sent.
host-key-changed-danger = Either the machine was reinstalled, or another machine answers at its address, or somebody is in between.
host-key-changed-how = If you know why: select the node, press F, type its name, and probe again.
details-title = { $name }
fact-host = Host name
fact-kernel = Kernel
fact-kind = Machine
fact-clock = Clock off
fact-gateway = Gateway
fact-firewall = Firewall
fact-python = Python
fact-gathered = As of
fact-disk = Disk
fact-nic = NIC
details-none = No facts yet: p asks the node.

## Modules
module-chosen = chosen
module-needed = with { $by }
module-off = -
refused-module-needed = { $by } needs it: take that one away first.
modules-set = Modules of { $name } changed.

## Plan and jobs
plan-summary =
    { $nodes } { $nodes ->
     [one] node
    *[other] nodes
    }, { $steps } steps, about { $span } by the usual times, { $parallel } nodes at once
plan-modules = Modules: { $names }
plan-stage =
    { $stage }: { $nodes } { $nodes ->
     [one] node
    *[other] nodes
    }
plan-node = { $name } ({ $address }) { $roles }
plan-secrets = accounts: { $names }
plan-irreversible = cannot be undone
install-title = Install { $name }?
install-what =
    { $count } { $count ->
     [one] node is
    *[other] nodes are
    } changed: { $names }.
install-how = Steps that find nothing to do change nothing. Leaving cpmg or losing the connection does not stop it.
install-undo = It can be stopped; what was done until then stays on the nodes.
install-started = The installation has started.
job-line =
    { $nodes ->
     [one] { $done } of one node done
    *[other] { $done } of { $nodes } nodes done
    }
job-line-failed = { $failed } failed
job-left = ~{ $span } left
job-took = took { $span }
job-nothing = Nothing to do: all { $steps } steps found everything in place.
job-result = { $changed } steps changed something, { $unchanged } found nothing to do.
job-by = started by { $by }
job-cancelled-by = stopped by { $by }
job-current = { $elapsed } (usually { $usual })
job-silent = no output for { $silent } (usually { $usual })
job-link-down = link down for { $span }; the step goes on on the node
job-step-of = { $done }/{ $steps }
job-waits = waits for its turn
job-left-range = ~{ $span } left ({ $low }-{ $high })
job-left-guess = ~{ $span } left ({ $low }-{ $high }, guess)
job-left-guess-short = ~{ $span } left, guess
job-current-guess = { $elapsed } (guessed { $usual })
job-current-only = { $elapsed }
job-silent-only = no output for { $silent }
job-ceiling = will be ended in { $left } (it was given { $given }); + gives it more time
waits-stage = waits for { $stage }: { $nodes } { $nodes ->
     [one] node is
    *[other] nodes are
    } not done with it
waits-others = waits for { $nodes } { $nodes ->
     [one] node that is
    *[other] nodes that are
    } being undone or installed anew
waits-turn = waits for its turn: { $parallel } { $parallel ->
     [one] node works
    *[other] nodes work
    } at once
waits-held = held by { $by }; goes on when the job is released
waits-held-only = held; goes on when the job is released
waits-decision = waits for a decision: try again, undo, reinstall, or by hand
waits-operator = waits for { $by }, who installs it by hand, for { $span }
waits-cobbler = waits for Cobbler ({ $phase }) for { $span }
waits-answer = asks the node what became of it
waits-engine = the engine cannot keep anything for { $span }: { $why }
reinstall-inspect = asking about the system
reinstall-arm = set to boot from the network
reinstall-power = switching it off and on
reinstall-install = the installer works
reinstall-answer = waiting for SSH
reinstall-disarm = network boot off again
reinstall-restore = writing the old values back
job-first-error = First error: { $name } { $step }: { $what }
job-error-title = First error of job { $id }
job-error-node = Node { $name }
job-error-step = Step { $step }, attempt { $attempt }
job-error-known = Known: { $title }
job-error-meaning = What it means: { $meaning }
job-error-mend = What helps: { $mend }
job-known-short = Known: { $title } – { $mend }
job-error-output = Last lines of its output:
job-error-how = Close this; then s opens a shell on the selected node, r tries again from the failed step.
job-loading = Asking for the job…
job-gone = This job is not known any more.
retry-started = Going on from the failed steps.
refused-job-over = The job is over.
refused-job-running = The job is still at work.
refused-job-good = The job is done: there is nothing to retry. i in the environment runs it again.
refused-no-error = No step has failed.
refused-cancelling = It is being stopped already.

## Output
log-title = { $name }
log-follow = follow
log-wrap = wrap
log-empty = No output yet.
log-above = { $size } of this step's output lie above; scroll up to load.
log-attempt = attempt { $n }
log-undo = undo
log-no-match = Nothing matches "{ $text }".

## What the engine refuses

## Shells
act-theme-named = look: { $name }

## Actions: what they do, and the word in the footer
act-help = help for this screen
hint-help = help
act-palette = command line
hint-palette = command
act-messages = messages so far
act-language = next language
hint-language = 中文/English
act-theme = next theme
act-mouse = mouse here or in the terminal
act-redraw = draw the screen afresh
act-suspend = suspend cpmg
act-logout = log out
act-password = change your password
act-back = back: prompt, marks, filter, page
act-quit = back a page; leave on the first one
hint-quit = back
act-leave = leave; jobs go on
hint-leave = leave
act-yank = copy as text
hint-yank = copy
act-up = up
act-down = down
hint-down = down
act-top = to the top
act-bottom = to the bottom
act-half-up = half a page up
act-half-down = half a page down
act-page-up = a page up
act-page-down = a page down
act-open = open
hint-open = open
act-filter = filter; ! first inverts
hint-filter = filter
act-sort-name = sort by name
act-sort-state = sort by state
act-sort-address = sort by address
act-sort-roles = sort by roles
act-sort-time = sort by time of the start
act-sort-owner = sort by owner
act-sort-strength = sort by strength
act-sort-use = sort by use
act-mark = mark
hint-mark = mark
act-mark-range = mark a range
act-mark-all = mark all visible rows
act-env-new = new environment
hint-env-new = new
act-env-rename = rename
hint-env-rename = rename
act-env-hide = hide
hint-env-hide = hide
act-env-hidden = show hidden environments
act-env-restore = bring a hidden one back
act-env-parallel = set how many nodes at once
act-env-platform = choose another platform
act-users = users
hint-users = users
act-nodes = nodes
act-modules = modules
act-jobs = jobs
act-tab-next = next tab
hint-tab-next = tabs
act-tab-before = tab before
act-install = look at the plan and install
hint-install = install
act-node-add = add a node by its address
hint-node-add = add
act-sweep = find machines by SSH
hint-sweep = find
act-probe = ask nodes for their facts
hint-probe = probe
act-roles = set roles
hint-roles = roles
act-node-rename = rename
act-credentials = change credentials
act-node-jump = change jump host
act-node-address = change address or port
act-forget-key = forget the pinned host key
act-node-remove = remove from the environment
hint-node-remove = remove
act-details = details
act-shell = open a shell
hint-shell = shell
act-logs = logs: of the node, of the environment
hint-logs = logs
act-module-toggle = choose or leave out
hint-module-toggle = choose
act-sweep-stop = stop looking
hint-sweep-stop = stop
act-sweep-add = add the marked machines
hint-sweep-add = add
act-plan-start = install by this plan
hint-plan-start = install
act-retry = go on from the failed steps
hint-retry = retry
act-first-error = the first error
hint-first-error = error
act-pane-next = next pane
hint-pane-next = pane
act-pane-before = pane before
act-zoom = zoom the output
hint-zoom = zoom
act-pane-toggle = show or hide the node's output
hint-pane-toggle = output
act-follow = follow the output
hint-follow = follow
act-wrap = wrap long lines
hint-wrap = wrap
act-search = search in the output
hint-search = search
act-next-match = next match
act-previous-match = match before
act-step-before = step before
act-step-next = next step
act-left = to the left
act-right = to the right
act-user-new = new user
hint-user-new = new
act-user-password = set a new password
hint-user-password = password
act-user-disable = disable or enable
hint-user-disable = disable
act-field-next = next field
hint-field-next = next
act-field-before = field before
act-submit = send
hint-submit = send
act-choose = take what has the focus
hint-choose = take
act-close = close
hint-close = close
act-choice-next = next choice
hint-choice-next = choice
act-choice-before = choice before

## Groups of keys
context-global = Everywhere
context-moving = Moving
context-list = Lists
context-marking = Marking
context-environments = Environments
context-environment = One environment
context-nodes = Nodes
context-modules = Modules
context-jobs = Jobs
context-sweep = Finding machines
context-plan = Plan
context-job = A job
context-logs = Output
context-users = Users
context-form = Forms
context-dialog = Dialogs
context-reading = Texts
context-line = Command line
hint-cobbler = Cobbler
hint-addresses = addresses
hint-accounts = accounts
hint-options = options
hint-connectivity = check
hint-proof = proof
hint-network = network

# A recorded session that is played again (cpmg debug replay).
session-playing = Replay { $done }/{ $all } x{ $speed }: space pauses, +/- speed, q leaves
session-paused = Replay { $done }/{ $all } paused: space goes on, left/right step, g/G ends, q leaves
session-lost = { $count ->
    [one] { $count } line not understood
   *[other] { $count } lines not understood
}
