# shellcheck shell=sh disable=SC2016,SC2153 # an awk program; variables of the platform
# The settings are Python; what is assigned last wins. So cpmg's own come last: in a file of their own, or at the end of the
# package's file, between two marks.
BEGIN='# cpmg: settings'
END='# cpmg: end'

files() {
    if [ -n "$SETTINGS_D" ]; then
        file_install "$CPMG_FILES/settings.py" "$SETTINGS_D/_9999_cpmg.py"
    else
        file_edit "$SETTINGS" awk -v begin="$BEGIN" -v end="$END" -v block="$CPMG_FILES/settings.py" '
            $0 == begin { inside = 1 }
            !inside { print }
            $0 == end { inside = 0 }
            END { print begin; while ((getline line <block) > 0) print line; print end }'
    fi
    if [ -n "$WSGI_CONF" ]; then
        file_install "$CPMG_FILES/wsgi.conf" "$WSGI_CONF"
        link_ensure "$WSGI_ENABLED" "$WSGI_CONF"
    fi
}

run() {
    # On record until it is done: an attempt that finds the settings written has to do it as well.
    due=$CPMG_SAVED/compress
    [ -z "$COMPRESS" ] || [ -e "$due" ] || { (umask 077 && mkdir -p "$CPMG_SAVED") && : >"$CPMG_ATTEMPT/first" && : >"$due"; }
    files
    if [ -n "$COMPRESS" ]; then
        if [ ! -e "$CPMG_ATTEMPT/first" ] || [ -e "$CPMG_ATTEMPT/outcome" ]; then compressed; fi
        rm -f "$due"
    fi
    # Debian's package enables Apache's example of a site with TLS, but not TLS itself: Apache would not start.
    if [ -n "$SSL_SITE" ] && [ -L "$SSL_SITE" ] && [ ! -e /etc/apache2/mods-enabled/ssl.load ]; then
        undo_on ssl_site_back "$(readlink "$SSL_SITE")"
        rm -f "$SSL_SITE"
        say "disabled ${SSL_SITE##*/}: Apache has no TLS here"
        restart_needed
        mark_changed
    fi
}

compressed() {
    say "compressing the pages' files"
    run_quietly root python3 "$COMPRESS" compress --force
}

ssl_site_back() { [ ! -d "${SSL_SITE%/*}" ] || ln -sfn "$1" "$SSL_SITE"; }

undo() {
    undo_all
    service_try_restart "$SERVICES"
}
