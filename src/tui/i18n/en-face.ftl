# Settings, looks, keymaps, what the command line offers.
crumb-settings = Settings
context-settings = Settings
act-settings = your settings: language, theme, keys, mouse
settings-intro = What you change here counts at once and is remembered for { $user }.
setting-language = Language
setting-language-what = The language of the screens. F3 changes it everywhere.
setting-theme = Theme
setting-theme-what = Colours and styles. F4 takes the next one everywhere. Files of your own: ~/.config/cpmg/themes/*.toml.
setting-theme-hidden =
    Colours and styles. { $count } more { $count ->
        [one] theme needs
       *[other] themes need
    } what this terminal does not say it has (NO_COLOR, COLORTERM=truecolor).
setting-prefix = Key in shells
setting-prefix-what = Shells get every key but { $prefix }: the key after it is for the page, and twice it goes to the shell. Keys that the page of shells has for something else are left out.
setting-prefix-keymap = as the keymap: { $prefix }
setting-keys = Keys
setting-keys-what = The keys of docs/keys.md. Files of your own: ~/.config/cpmg/themes/keys/*.toml.
setting-keys-differs =
    { $count ->
        [one] One action has
       *[other] { $count } actions have
    } other keys than by default; help (F1) shows them.
setting-mouse = Mouse
setting-mouse-what = While the screens have it, the wheel scrolls here and your terminal cannot mark text.
setting-mouse-terminal = belongs to the terminal
setting-mouse-here = scrolls here
setting-door = SSH
setting-door-asking = …
setting-door-open = ✓ users come in at { $at }
setting-door-closed = – nobody comes in
setting-door-wrong = ! closed, although it should be open
setting-door-open-what = 'ssh -p PORT NAME@ADDRESS' opens these screens. 'cpmg serve off' lets nobody in any more and ends the sessions over SSH.
setting-door-closed-what = 'cpmg serve on --listen ADDRESS:PORT' lets users in without a login on the management host.
setting-door-why = { $why }. 'cpmg serve on' tries again.
setting-door-everywhere = Careful: it listens at every address of this machine.
setting-door-key = Host key (ED25519), to be told those who come the first time: { $key }
refused-door = By command only: 'cpmg serve on' and 'cpmg serve off'.
prefix-now = Key in shells: { $prefix }
keys-now = Keys: { $name }
keys-unknown = There is no keymap "{ $name }".
act-keys-named = keys: { $name }
sample-header = header
sample-title = Title
sample-focus = focused pane
sample-selected = the selected row
sample-idle = selected, in another pane
sample-marked = marked
sample-dim = less important
sample-match = found
sample-good = installed
sample-busy = installing
sample-warn = held
sample-bad = failed
sample-field = Fields
sample-banner = a banner
offer-env = environment
offer-node = node: { $what }
offer-shell = shell on { $name }
offer-logs = logs of { $name }
offer-job = job: { $what }
line-no-env = There is no environment "{ $name }" in the list.
line-no-node = There is no node "{ $name }" here; open its environment first.
line-no-job = There is no job "{ $name }" here.

## An environment at a glance
crumb-overview = Overview
context-overview = Overview of an environment
act-overview = overview: where it stands, its nodes on their networks
hint-overview = overview
overview-platform = Platform
overview-modules =
    { $count ->
        [one] 1 module chosen
       *[other] { $count } modules chosen
    }
overview-nodes = Nodes
overview-nodes-of = { $count }:
overview-silent = { $count } silent
overview-locked = { $count } locked
overview-network = Networks
overview-networks =
    { $count ->
        [one] 1 network planned
       *[other] { $count } networks planned
    }
overview-faults =
    { $count ->
        [one] 1 fault
       *[other] { $count } faults
    }
overview-not-planned = not planned: the drawing follows the addresses of the nodes
overview-check = Check
overview-proof = Proof
overview-never = never
overview-job = Newest job
overview-throughput = steps, last { $span }
next-nodes = Add nodes: { $key }, then n for one, f to look for them.
next-roles = Give the nodes roles: { $key }, then r.
next-check = Check the nodes and the wires between them: { $key }.
next-install = Look at the plan and install: { $key }.
next-job = Watch the job: { $key }.
next-failed = Something failed; see the newest job: { $key }.
next-proof = Prove that it works, up to an instance that answers: { $key }.
next-report = It works. Write the report for its owner: { $key }.
handover-form-title = Report of { $name }
handover-form-intro = One HTML file with everything in it, for the owner of the environment. It holds no password.
hint-handover-path = a new file on this host; ~ is your home
timeline-throughput = steps

## The report for the owner
handover-title = Hand-over of an OpenStack environment
handover-made = Made
handover-summary = At a glance
handover-name = Environment
handover-platform = Platform
handover-modules = Modules
handover-created = Created
handover-changed = Last changed
handover-nodes = Nodes
handover-installed = installed
handover-topology = Nodes and networks
handover-topology-found = No network plan: drawn from the addresses that the nodes have.
handover-no-nodes = There are no nodes yet.
handover-networks = Networks
handover-network = Network
handover-cidr = Addresses
handover-range = For nodes
handover-gateway = Gateway
handover-floating = For instances
handover-vlan = VLAN
handover-node = Node
handover-roles = Roles
handover-state = State
handover-address = Address
handover-system = System
handover-hardware = Processors, memory, disks
handover-nics = NICs
handover-check = Connectivity check
handover-check-none = It was never checked.
handover-proof = Proof
handover-proof-none = It was never proven.
handover-job = Newest job
handover-job-none = Nothing was installed yet.
handover-gantt = What was done on each node, and when
handover-throughput = steps that ended
handover-stage = Stage
handover-took = Took
handover-steps = Longest steps
handover-options = Options set by operators
handover-options-none = None: everything is as the modules have it.
handover-options-note = Values are not told here: they may hold passwords.
handover-file = File
handover-count = Options
handover-legend = Signs

## Editors
context-changes = What saving would change
act-edit-find = search in the text
hint-edit-find = search
act-edit-undo = undo
hint-edit-undo = undo
act-edit-redo = redo
changes-title = Save { $file }, { $scope }?
changes-gap =
    { $count ->
        [one] … 1 line stays
       *[other] … { $count } lines stay
    }
option-unchanged = Nothing in { $file } was changed.
option-origin-only = { $option }: set here only
option-origin = { $option } is set elsewhere as well: { $places }
option-origin-wins = { $scope }: { $value } (narrower, it wins there)
option-origin-yields = { $scope }: { $value } (wider, this one wins)

## Several nodes at once
node-jump-title-many = Way to { $count } nodes
node-jump-many = For { $names }. Blank: they are reached directly.
nodes-changed = { $count } nodes changed.

# Details beside lists
job-details-title = Job { $id }
job-details-started = Started
job-details-ended = Ended
job-details-hand = In hand of
job-details-cancelled = Ended by
job-details-failed = Failed nodes
job-details-changed = Changed steps
job-details-unchanged = Nothing to do
job-details-error = First failure: { $node }, { $step }: { $what }
account-kind-password = password, not shown
account-module = Module
account-length = Length
account-long = { $count ->
    [one] one character
   *[other] { $count } characters
  }, { $bits } bits to guess
account-changed = Changed
account-use-database = Password of a user of the database.
account-use-url = Stands in a URL of a configuration file.
account-use-ini = Value of an option in a configuration file.
account-use-identity = Password of a user of Keystone.
address-made = Made
address-pool = Pool for
address-conflict = Two of these do not belong together: somebody uses an address of another one.

# Themes and keymaps of one's own
hint-look-edit = edit
act-look-edit = edit the theme or the keymap as a file of your own
refused-look-edit = Only a theme and a keymap are files: select one of them.
look-theme-new = New theme { $name }
look-theme = Theme { $file }
look-keys-new = New keymap { $name }
look-keys = Keymap { $file }
look-theme-good = Good. Ctrl-S keeps it as a file of your own and takes it at once.
look-keys-good = Good, and no two actions share a key in one place. Ctrl-S keeps it as a file of your own and takes it at once.
look-unchanged = Nothing was changed.
look-name = The name of the file follows from name = "…": use letters, digits, - and _, 40 at most.
look-changes = What changes in { $name }
look-fault-toml = { $what }
look-fault-colour = "{ $colour }" is no colour: use a name such as "light-blue", a number from 0 to 255, or #rrggbb.
look-fault-context = There is no section [{ $context }]; docs/keys.md names them all.
look-fault-action = [{ $context }] has no action "{ $action }"; docs/keys.md names those it has.
look-fault-key = "{ $key }" is no key that every terminal sends: use a character, a name such as "enter" or "f5", "ctrl-x", or several of them with spaces between.
look-fault-typed = "{ $key }" is text there, not a key: use one with Ctrl or a name.
look-fault-twice = [{ $context }] "{ $key }" is for "{ $one }" and for "{ $other }": give one of them another key.
look-fault-hides = [{ $context }] "{ $key }" ({ $one }) hides "{ $longer }" ({ $other }), which begins with it.
look-fault-prefix = "{ $key }" would be missing in shells: use one key, with Ctrl or of F1 to F12.
look-fault-needed = "{ $action }" must keep a key: without one there is no way out, or no help.
