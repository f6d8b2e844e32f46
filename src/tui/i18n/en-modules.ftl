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
crumb-leave = Removal { $id }
crumb-roll-out = Roll-out { $id }
env-state-leaving = removing { $share }
env-state-rolling-out = rolling out { $share }
error-part-undo = Its steps are those of the installation, an undo would take back that. Change what was rolled out and roll it out again, or undo the installation.

error-nothing-to-roll-out = There is nothing to roll out: every installed node has the options that are set, or no module writes their files.
error-no-new-nodes = Every node of the environment is installed already.
error-no-service = The node has no such service.
