# shellcheck shell=sh disable=SC2086 # a list of services
check() { services_good $SERVICES && port_open 8774 && port_open 8775 && port_open 6080; }

run() {
    again=no
    case " $NODE_ROLES " in *' compute '*) [ ! -e "${CPMG_SAVED%/*}/restart" ] || again=yes ;; esac
    service_enable $SERVICES
    [ "$again" = no ] || restart_needed # of Nova's agent, by compute-service, which comes later
    for port in 8774 8775 6080; do wait_port "$port"; done
    must_run $SERVICES
}

undo() { undo_all; }
