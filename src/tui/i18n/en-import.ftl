# Lists of nodes: imports and exports.
act-import = add and change nodes by a list
act-export-nodes = write the nodes as a list
act-import-apply = do what the preview shows
hint-import-apply = import
act-import-keys = read the keys that the list names
hint-import-keys = read keys
act-import-notes = read what is said about the list
hint-import-notes = notes
context-import = Import
crumb-import = Import
import-title = Import nodes
import-intro = First you see what is new, changed and refused, and why. Nothing is done before you say yes.
import-file = a file on this host
import-cobbler = Cobbler's systems
import-guess = by the file's name
import-format-csv = CSV with headings
import-format-ansible-ini = Ansible inventory (ini)
import-format-ansible-yaml = Ansible inventory (YAML)
import-format-ssh-config = OpenSSH's configuration
field-source = From
field-file = File
field-format = Form
hint-import-file = ~/inventory.ini
hint-import-user = where the list names none
hint-import-port = where the list names none
import-new = new
import-changed = changed
import-same = as it is
import-refused = refused
import-summary = { $added } new, { $changed } changed, { $same } as they are, { $refused } refused
import-keys = { $count ->
     [one] The list names a key: K reads it from this host and takes it over.
    *[other] The list names { $count } keys: K reads them from this host and takes them over.
    }
import-line = line { $line }
import-notes = About the list
import-notes-more = { $count } more (d)
import-no-notes = there is nothing to say about the list
import-no-keys = the list names no key that was not read
import-nothing = nothing is new or changed: there is nothing to do
import-given = { $field }: given
import-field-name = name
import-field-address = address
import-field-port = port
import-field-user = account
import-field-jump = jump host
import-field-roles = roles
import-field-password = password
import-field-key = key
import-confirm = Import?
import-what = { $added ->
     [one] 1 node is added,
    *[other] { $added } nodes are added,
    } { $changed ->
     [one] 1 is changed.
    *[other] { $changed } are changed.
    } Nothing is connected yet.
import-left = { $count ->
     [0] Nothing is left out.
     [one] 1 line is refused and left out.
    *[other] { $count } lines are refused and left out.
    }
button-import = Import
import-done = { $added } nodes added, { $changed } changed, { $refused } lines left out
col-line = Line
col-verdict = Result
col-import-what = What, and why
export-title = { $count ->
     [one] Write 1 node as a list
    *[other] Write { $count } nodes as a list
    }
export-intro = Passwords and keys are never written. A file that is there already stays as it is.
export-format-ansible = Ansible inventory
export-format-csv = CSV
export-format-json = JSON
hint-export-file = the ending is added
error-import-gone = The list is not kept any more: import it again
error-import-large = The list is too large: split it
error-import-changed = Nodes have changed since the preview: look at it again
error-import-keys = { $most } keys at most go with one list
error-import-part = A part of the list is missing: send it again
error-import-preview = The list was not previewed: do that first
import-why-no-address = no address: give an IPv4 address (names are not looked up), as { $what }
import-why-bad-address = '{ $what }' is not an IPv4 address; names are not looked up: write the address
import-why-unusable = { $what } cannot be a node's address
import-why-bad-port = '{ $what }' is not a port: a number from 1 to 65535
import-why-bad-name = '{ $what }' cannot be a node's name: 1 to 63 letters, digits and hyphens, one letter at least
import-why-bad-user = '{ $what }' is not an account: 1 to 32 letters, digits, dots, underscores, hyphens
import-why-bad-role = '{ $what }' is not a role: controller, compute or storage
import-why-jump = its jump host { $what } cannot be used: write one, as [account@]address[:port] (names are not looked up)
import-why-proxy = it is reached through a ProxyCommand other than 'ssh -W %h:%p ADDRESS': name the jump host (ProxyJump)
import-why-jump-key = its jump host's own key { $what } is not taken over: it is logged in to as the node (J changes that)
import-why-connection = its connection is '{ $what }', not SSH
import-why-template = '{ $what }' is a template, which only Ansible fills: write the value
import-why-name-twice = line { $other } has the name { $what } already
import-why-address-twice = line { $other } has the address { $what } already
import-why-node-twice = line { $other } is about the same node, { $what }
import-why-address-taken = { $what } is the address of node { $other }
import-why-busy = node { $what } is { $other }: it can be changed when its job is over
import-why-roles-fixed = node { $what } is { $other }: no role can be taken from it
import-why-bad-range = '{ $what }' is not a range of hosts: write node[01:20] or node[a:f]
import-why-too-many = one import takes { $what } machines at most: split the list
import-why-fields = { $what } fields where the headings have { $other }
import-why-no-headings = the first line must hold headings, with 'address' among them: name,address,port,user,password,key,roles
import-why-quotes = a quote is opened and not closed
import-why-syntax = not understood: { $what }
import-why-circle = the group { $what } contains itself
import-why-empty = there is no machine in it
import-why-vault = the password is in Ansible's vault: not taken over
import-why-key-not-read = the key { $what } was not read: not taken over
import-why-key-bad = the key { $what } cannot be used: { $other }
import-why-several-addresses = it has { $other } addresses: { $what } is taken
import-why-column = the column { $what } is not used
import-why-include = the file { $what } is not read: import it as well
import-why-match = this condition cannot be judged here: what is under it is left out
import-why-unknown = not understood
