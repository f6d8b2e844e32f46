# shellcheck shell=sh
check() { services_good skyline-apiserver nginx && port_open 28000 && port_open 9999; }

run() {
    service_enable skyline-apiserver nginx
    wait_port 28000 120
    wait_port 9999
    must_run skyline-apiserver nginx
}

undo() { undo_all; }
