# English: jobs, what can be asked of them and of their nodes.
## Stops
crumb-dry-run = Dry run { $id }
crumb-rotate = Rotation { $id }
crumb-reinstall = Reinstallation { $id }
stop-title-hold = Hold job { $id }?
stop-title-drain = Finish the running steps and end job { $id }?
stop-title-now = Stop job { $id } now?
stop-what-hold = Running steps end; then the job waits, whoever leaves, until somebody lets it go on (c).
stop-what-drain = Running steps end, nothing new begins, the job is over. r takes it up again later.
stop-what-now = Running steps are ended in their middle. Nothing is undone. r takes it up again later, from the step that was ended.
stop-afterwards = Afterwards: { $counts }.
stop-count = { $count } { $state }
stop-step-ends = { $step } ends first
stop-step-ended = { $step } is ended in its middle
stop-if-well = If the running steps end well.
stop-not-yet = The engine has not said yet what would become of the nodes.
stop-asked-hold = Holding after the running steps.
stop-asked-drain = Finishing the running steps.
stop-asked-now = Stopping.
button-stop-hold = Hold
button-stop-drain = Finish and end
button-stop-now = Stop now
release-asked = Going on.
refused-held = It is held already: c goes on.
refused-not-held = Nobody holds it.
refused-draining = It finishes its running steps already; x stops it now.
refused-job-starts = It has not started yet: try again in a moment.
banner-held =
    ‖ Held by { $by }: nothing new begins. { $count ->
     [0] Nothing runs.
     [one] 1 node finishes its step.
    *[other] { $count } nodes finish their steps.
    } c goes on.
banner-draining =
    – Finishing: nothing new begins. { $count ->
     [0] Nothing runs any more.
     [one] 1 node finishes its step; then the job is over.
    *[other] { $count } nodes finish their steps; then the job is over.
    }
banner-cancelling =
    – Stopping: { $count ->
     [one] the step of 1 node is being ended.
    *[other] the steps of { $count } nodes are being ended.
    }
banner-budget = ✗ Too many failures: { $failed } of role { $role } failed, the environment's policy allows { $allowed }. Nothing new begins.
job-dry-result = Dry run: { $changed } steps would change something, { $unchanged } find everything in place. Nothing was changed.
act-hold = hold after the running steps
hint-hold = hold
act-go-on = go on after a hold
hint-go-on = go on
act-finish = finish the running steps, then end the job
act-cancel = stop the job now
hint-cancel = stop now

## A node of a job and its ways on
ways-on = Ways on: { $ways }
ways-on-node = { $name }: { $ways }
by-policy = the environment's policy
node-locked-by = Locked by { $by } at { $at }: { $why }
node-silent-since = Does not answer since { $span }: { $why }
node-step-ended = Step { $step } did not end well: { $how }.
node-no-steps = No steps in this job.
refused-way-busy = { $name } is at work ({ $state }): wait until that is over, or hold the job or stop it.
refused-way-state = { $name } is { $state }: there is nothing of that kind to do with it.
refused-way-dry = A dry run changes nothing, so there is nothing to undo or to renew in it.
refused-way-job = The job is { $state }: wait until it is held or over.
refused-locked = { $name } is locked by { $by }: { $why }
refused-check-nothing = Nothing was done by hand on { $name } that could be checked; m begins that.
refused-no-deadline = Nothing goes on on { $name } that has a deadline.
again-asked = { $name } is worked on again from the step that is not done.
step-would-change = would change
step-undoing = undoing
step-undone = undone
step-undo-failed = undo failed
step-undo-interrupted = undo interrupted
env-state-dry-run = dry run { $share }
env-state-rotating = rotating { $share }
env-state-reinstalling = reinstalling
context-job-node = A node of a job
act-again = try this node again
hint-again = again
act-undo = undo…
hint-undo = undo
act-reinstall = reinstall through Cobbler…
hint-reinstall = reinstall
act-by-hand = reinstall by hand…
hint-by-hand = by hand
act-check = check what was done by hand
hint-check = check
act-more-time = extend the deadline
hint-more-time = more time
hint-details = details

## Undo
undo-title = Undo in job { $id }
undo-what = Last step first. What a step had changed is put back as it was before; what others changed since then stays.
undo-scope-node = everything on { $name }
undo-scope-step = { $name } back to { $step }, itself included
undo-scope-step-none = back to a step: open the node (d) and select the step
undo-scope-stage = on all nodes, what was done in stage { $stage } and after it
undo-scope-stage-none = back to a stage: none was begun
undo-scope-all = the whole job, on all nodes
undo-count =
    { $count ->
     [one] 1 step will be undone
    *[other] { $count } steps will be undone
    }{ $stays ->
     [0] { "" }.
     [one] ; 1 cannot be undone and stays.
    *[other] ; { $stays } cannot be undone and stay.
    }
undo-stays = stays
undo-nothing = Nothing was done there that could be undone.
undo-busy = At work, nothing is undone there: { $names }.
undo-changed = What would be undone has changed meanwhile. This is the list as it is now: look at it again.
undo-asked =
    Undoing { $count } { $count ->
     [one] step
    *[other] steps
    }.
undo-runs = Undo (asked for by { $by }): { $undone } undone, { $left } left, { $failed } failed.
undo-ended = Undo (asked for by { $by }) is over: { $undone } undone, { $left } left as they were, { $failed } failed.
refused-undo-step = No step is selected: open the node (d), select one and press u.
refused-undo-stage = No stage was begun.
button-undo = Undo
context-undo = How far to undo
act-scope-node = this node
hint-scope-node = node
act-scope-step = back to the selected step
hint-scope-step = step
act-scope-stage = back to this stage, on all nodes
hint-scope-stage = stage
act-scope-all = the whole job
hint-scope-all = all

## Reinstallation
reinstall-title = Reinstall { $name }?
reinstall-what = Cobbler installs the operating system of { $name } anew; the machine is switched off and on.
reinstall-lost-disks = Everything on its disks is lost: { $disks }.
reinstall-lost-system = Lost with them: { $system }, everything that was installed on it, its instances, logs and host key.
reinstall-then = When the fresh system answers, its new host key is pinned and the job goes on from the first step.
reinstall-undo = This cannot be undone. If it fails before the machine is restarted, Cobbler's settings are put back.
reinstall-asked = Reinstallation of { $name } begins.
field-type-name = Type { $name }
fault-type-name = Type the node's name, { $name }.
field-profile = Profile
hint-profile = Cobbler's profile; empty takes the one that its system has
field-minutes = Minutes
hint-minutes = until the fresh system must answer, 1 to { $most }
fault-minutes = A number from 1 to { $most }.
field-more-minutes = More minutes
extend-title = More time for { $name }
extend-step-title = More time for the step that runs on { $name }
extended = { $name } has more time.
reinstall-runs = Reinstallation (asked for by { $by }): { $phase }, since { $span }.
reinstall-over = The reinstallation (asked for by { $by }) failed:
reinstall-deadline = The fresh system must answer by { $at }, in { $left }.
reinstall-late = The fresh system should have answered by { $at }.
reinstall-system = Cobbler's system: { $system }

## By hand
crumb-manual = { $name } by hand
context-manual = The manual procedure
manual-start-title = Install { $name } by hand?
manual-start-what = You install the operating system of { $name } yourself, guided step by step; then the program checks it.
manual-start-lost = Everything on its disks will be lost; what this job had done on it counts as not done.
manual-start-undo = You can give up at any time: the node is then failed, and the other ways on are there again.
button-by-hand = By hand
manual-by = { $by } does this by hand, since { $span }.
manual-runs = By hand ({ $by }, since { $span }): { $confirmed } steps confirmed; m shows them.
manual-missing = The last check found: { $why }
manual-next-confirm = Enter confirms instruction { $n }; x gives up.
manual-next-check = v checks now; x gives up.
manual-checking = Checking { $name }.
manual-over = The manual procedure is over.
manual-all-confirmed = All instructions are confirmed: v checks now.
manual-confirm-first =
    Confirm the instructions first: { $count } { $count ->
     [one] is
    *[other] are
    } left.
manual-leave-title = Give up on { $name }?
manual-leave-what = The procedure ends and { $name } is failed.
manual-leave-then = It can be begun again, or reinstalled through Cobbler.
button-give-up = Give up
act-confirm = confirm the next instruction
hint-confirm = confirm
act-give-up = give the procedure up
hint-give-up = give up
manual-why-none = No Cobbler installs this node: its operating system is installed by hand.
manual-why-failed = The reinstallation through Cobbler failed: the operating system of this node is installed by hand.
manual-right-machine = Go to the console of { $name } ({ $address }). Make sure that it is the right machine: NIC { $nic } has the MAC address { $mac }. Everything on its disks will be lost.
manual-right-machine-unknown = Go to the console of { $name } ({ $address }). Make sure that it is the right machine: its NICs were never seen. Everything on its disks will be lost.
manual-boot = Set it to boot once from the network through NIC { $nic } (MAC { $mac }), or from an installation medium, and restart it.
manual-boot-unknown = Set it to boot once from the network through the NIC of the cluster network, or from an installation medium, and restart it.
manual-system = Install { $os } { $version } with an SSH server and without a desktop, on { $disk }.
manual-system-any-disk = Install { $os } { $version } with an SSH server and without a desktop.
manual-address = Give NIC { $nic } the fixed address { $address }, netmask { $mask }, gateway { $gateway }, and the machine the host name { $name }.
manual-address-no-gateway = Give NIC { $nic } the fixed address { $address }, netmask { $mask }, and the machine the host name { $name }.
manual-address-unknown = Give the NIC of the cluster network the fixed address { $address }, and the machine the host name { $name }.
manual-login-password = Let the account { $user } log in over SSH with the same password as before.
manual-login-key = Let the account { $user } log in over SSH with the same key as before: its public half goes into ~{ $user }/.ssh/authorized_keys.
manual-login-unknown = Let the account { $user } log in over SSH.
manual-sudo = Let the account { $user } use sudo without a password.
manual-ssh = Make SSH answer on port { $port }, also after a restart.
manual-disk-boot = Switch booting from the network off again and restart: the machine must come up from its own disk.
manual-check = The program then logs in to { $user }@{ $address }, port { $port }. It expects another host key and another machine id than before and nothing of the old installation, pins the new key, and goes on with the installation.

## Policies
settings-title = Settings of { $name }
field-on-failure = When a step fails
field-retries = Automatic retries
field-budget-controllers = Controllers may fail
field-budget-computes = Computes may fail
field-budget-storage = Storage may fail
hint-retries = of steps that may be tried again, 0 to { $most }, before anything else is done
hint-budget = a number of nodes (2) or a share (10%); beyond it nothing new begins
fault-retries = A number from 0 to { $most }.
fault-budget = A number of nodes (2) or a share of them (10%).
on-failure-ask = stop and ask
on-failure-undo = undo the node
on-failure-reinstall = reinstall the node
on-failure-ask-means = The node stays as it is until an operator decides; other nodes go on.
on-failure-undo-means = The steps of the failed node are undone in reverse order; other nodes go on.
on-failure-reinstall-means = Cobbler installs the failed node anew, once in a job, and the installation goes on. Everything on it is lost.
policy-line = On failure: { $way }; retries: { $retries }; may fail: ctrl { $controllers }, comp { $computes }, stor { $storage }
act-env-settings = settings: what is done about failures, nodes at once
hint-env-settings = settings

## Locks and ways on in the node table
col-lock = Lock
col-kind = Kind
plan-kind-install = install
plan-kind-dry-run = dry run
plan-kind-rotate = rotate
plan-kind-reinstall = reinstall
label-ways = Ways on
exit-install = install (i)
exit-undo = undo (T, then u)
exit-reinstall = reinstall (I)
exit-by-hand = by hand (m)
exit-check = go on by hand (m)
exit-roles = roles (r)
exit-unlock = unlock (L)
exit-job = its job works on it (T)
lock-title =
    { $count ->
     [one] Lock { $first }
    *[other] Lock { $count } nodes
    }
lock-what = Nobody installs, undoes or reinstalls a locked node; its state and what runs on it stay.
field-why = Reason
hint-why = everybody sees it; 1 to { $most } characters
fault-why = Say why, in 1 to { $most } characters.
lock-asked =
    Locking { $count } { $count ->
     [one] node
    *[other] nodes
    }.
unlock-title =
    { $count ->
     [one] Unlock 1 node?
    *[other] Unlock { $count } nodes?
    }
unlock-what = Can be installed, undone and reinstalled again: { $names }.
unlock-line = { $name }: { $by }, { $at }: { $why }
unlock-asked =
    Unlocking { $count } { $count ->
     [one] node
    *[other] nodes
    }.
button-unlock = Unlock
act-lock = lock or unlock
hint-lock = lock

## Plan: steps and dry run
dry-run-title = Dry run of { $name }?
dry-run-what =
    Every step is asked on { $count } { $count ->
     [one] node
    *[other] nodes
    } what it would change.
dry-run-how = Nothing is changed. The output shows each file with its difference, packages and restarts; secrets are masked.
dry-run-started = The dry run has started.
button-dry-run = Dry run
act-dry-run = dry run: ask the nodes, change nothing
hint-dry-run = dry run
context-plan-step = A step of a plan
hint-right = right
step-times = usually { $usual }; ended after { $ceiling }
step-reversible = Can be undone.
step-irreversible = Cannot be undone.
step-retryable = May be tried again without asking.
step-not-retryable = Is not tried again without asking.
step-packages = Packages: { $names }
step-restarts = Starts or restarts: { $names }

## Sentences that are kept (domain/said.rs)
step-end-status = ended with status { $status }
step-end-ceiling = ran longer than its ceiling of { $seconds } s and was ended
step-lost-killed = the step's process was killed on the node before it could tell how it ended
step-lost-rebooted = the node was rebooted while the step ran
step-lost-never-started = the node could not start the step: look there for a full disk or for too many processes
step-lost-full = the node's disk is full: the step could not be begun, or could not tell how it ended; free some space there
step-lost-removed = the step's files were removed on the node (/var/lib/cpmg) while it ran: what became of it is not known
step-lost-unknown = what became of the step is not known: { $why }
step-lost-cancelled = cancelled while the node did not answer; the step may still be running on it ({ $why })
runner-gone = the runner on { $host } is gone ({ $why }); its steps go on
runner-silent = the runner on { $host } does not answer: the node is overloaded or its disk does not respond
runner-not-there = the runner cannot be started on { $host }: { $said }
runner-protocol = the runner on { $host } speaks protocol { $theirs }, this cpmg { $ours }: upload the job's files again
runner-secret = the secret { $name } cannot be given to a step: its name must be a shell variable's, its value text without NUL
job-node-locked = an operator has locked this node: unlock it, then try it again
job-node-not-anew = no new connection within { $seconds } s: { $why }
job-node-own-fault = cpmg itself failed while it worked on this node; the engine's log has the details
job-node-no-files = the files of this job are no longer on { $host } ({ $said }): the node was reinstalled or cleaned; start a new installation
job-node-journal = the journal refused what was to be done on this node; the engine's log has the details
fresh-stopped = the job was stopped before the check had ended
fresh-no-key = the node offered no host key
fresh-old-key = { $name } still shows its old host key { $key }: the old system answers, or its disk was not installed anew
fresh-no-id = { $name } tells no machine id: /etc/machine-id is empty or missing
fresh-old-id = { $name } has a new host key but its old machine id { $id }: the old system answers
fresh-ours = { $path } is still there on { $name }: this is not a fresh system
reinstall-unchanged = { $why }. Nothing was changed
reinstall-silent = the installer has not reported to Cobbler yet
reinstall-works = the installer works
reinstall-stalled = Cobbler calls the installation stalled
reinstall-no-log = Cobbler cannot read its log of installations: only SSH tells when it is done
reinstall-no-answer = the installer is done; its system does not answer yet
reinstall-looks = { $said }; over SSH: { $missing }
