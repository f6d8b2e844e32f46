# shellcheck shell=sh
# 32 bytes of the account's text, as the plugin wants its key; what stands for the secret in a dry run stays what it is.
key() {
    case $BARBICAN_KEY in '********') printf '%s' "$BARBICAN_KEY"; return ;; esac
    printf '%s' "$BARBICAN_KEY" | sha256sum | awk '
    { hex = "0123456789abcdef"; letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
      bits = 0; held = 0
      for (i = 1; i <= 64; i++) {
          held = held * 16 + index(hex, substr($1, i, 1)) - 1; bits += 4
          if (bits >= 6) { bits -= 6; high = int(held / 2 ^ bits); printf "%s", substr(letters, high + 1, 1); held -= high * 2 ^ bits }
      }
      printf "%s=", substr(letters, held * 2 ^ (6 - bits) + 1, 1) }'
}

files() {
    # where it is [DEFAULT] sql_connection, the platform says so: seed 004 line 4182 has the old name, which Caracal no longer reads
    ini_set "$CONF" "$DB_SECTION" "$DB_KEY" "$(database_url barbican barbican "$BARBICAN_DB_PASSWORD")"
    ini_set "$CONF" DEFAULT db_auto_create false
    ini_set "$CONF" DEFAULT transport_url "$(message_url "$RABBIT_USER" "$RABBIT_PASSWORD")"
    ini_set "$CONF" DEFAULT host_href "http://$CONTROLLER_NAME:9311"
    authtoken_set "$CONF" barbican "$BARBICAN_PASSWORD"
    ini_set "$CONF" simple_crypto_plugin kek "$(key)"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_PROCESSES" ] || ini_set "$UWSGI" uwsgi processes "$UWSGI_PROCESSES"
    [ -z "$UWSGI" ] || [ -z "$UWSGI_THREADS" ] || ini_set "$UWSGI" uwsgi threads "$UWSGI_THREADS"
}

run() {
    now=$(awk '/^\[/ { here = ($0 ~ /^\[simple_crypto_plugin\]/) } here && /^kek[ \t]*=/ { sub(/^kek[ \t]*=[ \t]*/, ""); print }' "$CONF")
    [ -z "$now" ] || [ "$now" = "$(key)" ] ||
        fail "$CONF has another key for secrets than BARBICAN_KEY: what is stored could not be read any more. Give the account the value it had"
    files
}

# shellcheck disable=SC2086 # a list of units
undo() {
    undo_all
    service_try_restart $SERVICES
}
