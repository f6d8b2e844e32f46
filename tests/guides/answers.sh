# shellcheck shell=sh
# What steps hear from the commands of the sample environment, where silence and success would lead them astray.
# The recorder sources it.
# What an operator would have chosen for the guides' nodes. Where a guide gives the network no plan, agents get the NIC itself; disks go to Cinder.
# shellcheck disable=SC2034 # of the steps
VOLUME_DISKS=sdb DISKS='sdc'
# shellcheck disable=SC2034 # of the steps
[ -n "${NETWORK_PORTS-}" ] || NET_PUBLIC_BRIDGE=''
# shellcheck disable=SC2034 # of the steps
AMPHORA_IMAGE=/opt/octavia-amphora-haproxy-2024.1.qcow2
# shellcheck disable=SC2034 # of the steps
case $PLATFORM in *mitaka) SSD_DISKS=sdc NFS_SHARES=10.0.0.11:/data ;; esac # its chapters on SSD and NFS
answer() { # COMMAND WORD...
    case $* in
        systemd-detect-virt*) return 1 ;;
        mariadb*) case $(cat) in *cell_mappings*) echo 0 ;; esac ;;
        skyline-nginx-generator\ -o\ *) # the part of its work that is changed afterwards
            printf '%s\n' 'http {' '    upstream skyline {' '        server unix:/var/lib/skyline/skyline.sock fail_timeout=0;' '    }' '    server {' '        location / {' '        }' '    }' '}' >"$3" ;;
        pvs\ /dev/*) return 1 ;; # the disks are empty
        uname\ -n) echo "$NODE_NAME" ;;
        uname\ -m) echo x86_64 ;;
        uname\ -r) echo 5.15.0 ;;
    esac
}
