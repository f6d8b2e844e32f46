# shellcheck shell=sh
# What steps hear from the commands of the sample environment, where silence and success would lead them astray.
# The recorder sources it.
answer() { # COMMAND WORD...
    case $* in
        systemd-detect-virt*) return 1 ;;
    esac
}
