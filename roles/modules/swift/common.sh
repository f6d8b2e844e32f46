# shellcheck shell=sh
# swift.conf is the same on every node; whose hash differs finds no object.
CONF=$FOLDER/swift.conf

as_written() { printf '%s' "$1" | sed 's/%/%%/g'; } # TEXT: Python's configparser takes % for a reference

files() {
    # Ubuntu's packages bring no file (seed 004 line 3115 downloads the sample of another release)
    [ -e "$CONF" ] || [ "$SAMPLES" != no ] || file_install "$CPMG_FILES/swift.conf" "$CONF" 0640 root:swift
    ini_set "$CONF" swift-hash swift_hash_path_suffix "$(as_written "$SWIFT_HASH_SUFFIX")"
    ini_set "$CONF" swift-hash swift_hash_path_prefix "$(as_written "$SWIFT_HASH_PREFIX")"
    ini_set "$CONF" storage-policy:0 name Policy-0
    ini_set "$CONF" storage-policy:0 default yes
}

value() { # KEY: as it is now
    [ ! -e "$CONF" ] || sed -n "s/^$1[ \t]*=[ \t]*//p" "$CONF"
}

run() {
    for key in suffix prefix; do
        now=$(value swift_hash_path_$key)
        if [ "$key" = suffix ]; then wanted=$SWIFT_HASH_SUFFIX; else wanted=$SWIFT_HASH_PREFIX; fi
        wanted=$(as_written "$wanted")
        case $now in
            '' | changeme | "$wanted") ;;
            *) fail "$CONF has another swift_hash_path_$key than the account: objects could not be found any more. Give the account the value it had" ;;
        esac
    done
    files
}

undo() { undo_all; }
