# shellcheck shell=sh disable=SC2034,SC2317 # variables and functions are for lib/identity.sh
# Tests of roles/lib/identity.sh against a small Keystone of its own; needs python3: `sh tests/roles/identity_test.sh`.
set -eu

here=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/roles/support/steps.sh
. "$here/tests/roles/support/steps.sh"
command -v python3 >/dev/null || { echo 'skipped: python3 is missing'; exit 0; }

mkfifo "$work/port"
python3 "$here/tests/roles/support/keystone.py" "$work/objects" >"$work/port" &
server=$!
trap 'kill "$server"; rm -rf "$work"' EXIT
read -r port <"$work/port"

objects() { sort "$work/objects"; }
identity_login() { identity_begin "http://127.0.0.1:$port/v3" admin admin secret; }
batch() {
    identity_login
    project_ensure service
    role_ensure service
    user_ensure nova pass-one
    grant_ensure nova service service
    service_ensure nova compute 'OpenStack compute'
    endpoint_ensure compute "$url" http://office
    domain_ensure stacks
    domain_user_ensure keeper stacks pass-two
    domain_grant_ensure keeper stacks admin
}
ensure() { batch; identity_apply; }
good() { batch; identity_good; }

url=http://one
before=$(objects)
step good
equal 'nothing is there yet' '1 unchanged' "$rc $outcome"
equal 'and looking makes nothing' "$before" "$(objects)"
step ensure
equal 'all is made' '0 changed' "$rc $outcome"
equal 'as asked' "domain stacks
endpoint compute admin RegionOne http://office
endpoint compute internal RegionOne http://one
endpoint compute public RegionOne http://one
grant keeper stacks admin
grant nova service service
project admin
project service
role admin
role service
service nova compute
user admin secret
user keeper pass-two
user nova pass-one" "$(objects)"
step ensure
equal 'again' '0 unchanged' "$rc $outcome"
step good
equal 'all is there' 0 "$rc"
url=http://127.0.0.1:$port/v3
step ensure
asks() { identity_login; api_get compute "/projects?name=service"; }
step asks
equal 'a service is found by the catalogue and asked with a token' 'yes' "$(grep -q '"name": "service"' "$work/out" && echo yes)"
asks() { identity_login; api_get volumev3 /; }
step asks
equal 'a service that is not in the catalogue' '1 yes' "$rc $(grep -q 'no public endpoint of type volumev3' "$work/out" && echo yes)"
url=http://one
step ensure
url=http://two
step good
equal 'another address is noticed' 1 "$rc"
kept=$CPMG_SAVED
CPMG_SAVED=$work/saved/module/second # a later step that finds the first one's objects
step ensure
equal 'the address is changed' 'changed 2' "$outcome $(objects | grep -c http://two)"
step undo_all
equal 'undo gives the old address back' '0 2' "$rc $(objects | grep -c http://one)"
CPMG_SAVED=$kept
step undo_all
equal 'undo removes what was made, and no more' "$before" "$(objects)"
ACTION=check
step ensure
equal 'a check refuses' '1 yes' "$rc $(grep -q 'a check must not change anything' "$work/out" && echo yes)"
equal 'before anything is asked' "$before" "$(objects)"
step good
equal 'a check may look' 1 "$rc"
ACTION=run
identity_login() { identity_begin "http://127.0.0.1:$port/v3" admin admin wrong; }
step ensure
equal 'a wrong password' '1 yes' "$rc $(grep -q '401' "$work/out" && echo yes)"

finish
