# Choosing modules, options of services, day 2.

module-base = base
module-proven = proven
module-unproven = unproven
module-unproven-long = Not proven on this platform: nobody has seen it work here yet.
col-proven = Proven
module-why-base = { $name } is part of every node's base.
module-why-chosen = { $name } was chosen.
module-why-needed = { $name } comes along: needed by { $by }.
module-why-off = { $name } is not chosen.
module-conflicts = Cannot be beside
module-memory = Memory
module-configs = Options in
module-on-none = no node
module-comes-on = Comes on: { $names }
module-node-head = Memory that the nodes need
module-node-memory = { $node }: about { $needs } MiB, has { $has }
module-memory-short = { $node }: its modules need about { $needs } MiB and it has { $has }. Give it more memory or move roles.
module-port-twice = { $node }: { $one } and { $other } both want port { $port }. Choose one of them, or give them other nodes.
module-pulled = { $name } (needed by { $by })
modules-set-with = Modules of { $name } changed; { $names } comes along.
refused-module-base = { $name } is part of every node's base.
refused-module-conflict = { $one } and { $other } cannot be installed in the same environment: take one of them out first.

# Jobs of day 2
plan-kind-leave = leave
plan-kind-roll-out = roll out
plan-kind-task = task
crumb-leave = Removal { $id }
crumb-roll-out = Roll-out { $id }
crumb-task = Task { $id }
env-state-leaving = removing { $share }
env-state-rolling-out = rolling out { $share }
env-state-task = changing { $share }
error-undo-only-all = It is taken back by a job of its own, which is done as a whole: undo all of it.
error-undo-told = It was installed before this job, which only told it of the new nodes: an undo would take its own installation apart.
error-undo-refused = It cannot be taken back: { $why }
undo-again = { $count } steps of the installation are done again, by a job of its own, with what was before
error-part-undo = Its steps are those of the installation, an undo would take back that. Change what was rolled out and roll it out again, or undo the installation.

# Options of services
context-options = Options of services
context-editor = Editor
act-options = options of the services
act-option-scope = other nodes
hint-option-scope = other nodes
act-option-roll-out = roll changed options out
hint-option-roll-out = roll out
crumb-options = Options
col-file = File
col-options = Options
col-options-all = In all
col-module = Module
option-for = For { $scope }
option-scope-all = all nodes
option-scope-role = nodes with the role { $role }
option-scope-node = node { $name }
options-empty = No module that is chosen has ini files.
options-empty-do = Choose modules on the second tab of the environment.
modules-no-platform = The platform { $platform } is not in the engine's catalog any more.
modules-no-platform-do = Put its folder back under roles/, or choose another platform: ":env-platform".
option-editing = { $file }, for { $scope }
option-line = Line { $line }: { $what }
option-good = { $count ->
    [0] No options. Write [section], then name = value below it; !name takes an option out.
    [one] One option, nothing wrong.
   *[other] { $count } options, nothing wrong.
}
option-kept = { $file } is kept. R on the page of the options rolls it out.
option-not-kept = { $file } was not saved; below the text stands why.
option-changed-meanwhile = { $by } has changed this text meanwhile: ^S shows the difference before anything is saved.
option-section-near = No module writes a section [{ $section }]. Did you mean [{ $near }]?
option-section-unknown = No module writes a section [{ $section }].
option-fault-section = A section is written [name], alone on its line.
option-fault-no-section = An option stands below a section: write [DEFAULT] above it, if it has no other.
option-fault-not-an-option = An option is written name = value, or !name to take it out.
option-fault-indented = A value stands on one line, and an option begins at its start.
option-fault-control = There is a control character in it.
option-fault-both = The same option is set and taken out in this section.
option-fault-secret = This looks like a password or a key: those are accounts of the environment (C).
option-fault-long = The text is longer than 16 KiB.
option-fault-file = The file is an absolute path without blanks.
roll-out-title = Roll changed options out
roll-out-what = { $count ->
    [one] On one node: { $names }.
   *[other] On { $count } nodes: { $names }.
}
roll-out-steps = Steps: { $steps }.
roll-out-restarts = Restarted, if their files change: { $names }.
button-roll-out = Roll out
error-nothing-to-roll-out = There is nothing to roll out: every installed node has the options that are set, or no module writes their files.
error-no-new-nodes = Every node of the environment is installed already.
error-no-service = The node { $node } has no service { $unit }.
error-options-many = An environment has texts for { $most } scopes and files at most.

## A node in daily use
known-since = as of { $at }
options-settled = Installed nodes have the options that are set.
options-open = { $count ->
    [one] One installed node lacks what is set: R rolls it out.
   *[other] { $count } installed nodes lack what is set: R rolls it out.
}
options-open-nodes = { $count ->
    [one] 1 node
   *[other] { $count } nodes
}
options-no-module = no module
col-options-open = Not yet on
context-services = Services of a node
act-services = services of the node: state, last lines, restart
hint-services = services
act-service-restart = restart the service
hint-service-restart = restart
crumb-services = Services of { $node }
services-asking = Asking { $node } how its services stand…
services-empty = No services of modules are on it.
services-empty-do = Modules bring services: they are here once the node is installed.
services-head = { $bad ->
    [0] { $count ->
        [one] One service, active
       *[other] { $count } services, all active
    }
   *[other] { $count ->
        [one] One service, not active
       *[other] { $count } services, { $bad } not active
    }
}
service-state = { $state } since { $since }; last result: { $result }
service-boot = At boot: { $enabled }; restarted by systemd: { $restarts }
service-no-lines = It has logged nothing that is kept.
service-restart-title = Restart { $unit }
service-restart-what = { $unit } on { $node } is restarted now.
service-restart-risk = Requests that it serves at the moment may fail. Nothing else is changed; it stands in the audit trail.
service-restarted = { $unit } is restarted and active.
service-restarted-badly = { $unit } is restarted and not active: Enter shows its last lines.
button-restart = Restart
col-service = Service
col-restarts = Restarts
leave-title = { $name } leaves the environment
leave-intro = The node belongs to an installed cloud. What is done for it to leave is shown before anything happens.
field-leave-how = How
field-leave-guests = Instances on it
leave-stop = stop its services
leave-undo = undo its installation
leave-gone = the machine is gone
leave-forget = only forget it
leave-stop-means = On the machine its services are stopped, the rest stays as it is; the cloud and the other nodes forget it.
leave-undo-means = On the machine the installation is undone, last step first; the cloud and the other nodes forget it.
leave-gone-means = Nothing is done on the machine; the cloud and the other nodes forget it.
leave-forget-means = Only the list forgets it: neither the machine nor the cloud is touched, and the cloud goes on counting with it.
leave-guests-keep = it stays while there are some
leave-guests-delete = are deleted
leave-guests-keep-means = While there are instances on it, the job stops before anything is changed.
leave-guests-delete-means = INSTANCES ON IT ARE DELETED.
leave-note = This cannot be taken back, but the node can be added again.
leave-started = { $name } leaves; it is taken out of the list at the good end of the job.
leave-forgotten = { $name } is taken out of the list; machine and cloud are as they were.
button-leave = Take it out
job-partly-undone = partly undone
hint-jump-new = Through which machine it is reached, as admin@10.0.0.1:22; blank: directly. It is logged in to as to the node.
