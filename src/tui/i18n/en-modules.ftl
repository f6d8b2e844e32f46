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
option-editing = { $file }, for { $scope }
option-line = Line { $line }: { $what }
option-good = { $count ->
    [0] No options. Write [section], then name = value below it; !name takes an option out.
    [one] One option, nothing wrong.
   *[other] { $count } options, nothing wrong.
}
option-kept = { $file } is kept. R on the page of the options rolls it out.
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
