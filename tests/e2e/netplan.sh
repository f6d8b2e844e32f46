# shellcheck shell=sh disable=SC1091 # the lab's own file
# Makes a node of the lab one whose network netplan sets, with systemd-networkd, as on Ubuntu: run on the node by lockout.rs.
# The lab sets addresses by a unit of its own and masks networkd; without udev, networkd waits for ever unless /sys cannot be written.
set -eu
. /etc/lab-node.conf
systemctl -q unmask systemd-networkd.service systemd-networkd.socket 2>/dev/null
systemctl -q disable lab-node.service 2>/dev/null
mkdir -p /etc/systemd/system/systemd-networkd.service.d
printf '[Service]\nReadOnlyPaths=/sys\n' >/etc/systemd/system/systemd-networkd.service.d/lab.conf
systemctl daemon-reload
systemctl -q enable systemd-networkd.service
cat >/etc/netplan/50-cloud-init.yaml <<END
# made by the installer
network:
    version: 2
    ethernets:
        host0:
            addresses: [$ADDRESS]
            routes:
              - {to: 0.0.0.0/0, via: $GATEWAY}
        clus0:
            # of the rack
            addresses:
              - $CLUSTER
            wakeonlan: true
END
chmod 600 /etc/netplan/50-cloud-init.yaml
netplan generate
for nic in host0 prov0 clus0; do ip address flush dev $nic scope global; done
ip link set prov0 down # nobody says that it is up
systemctl restart systemd-networkd
for _ in $(seq 60); do
    ! ip -o -4 address | grep -qF " $ADDRESS " || ! ip -o -4 address | grep -qF " $CLUSTER " || ! ip route | grep -q '^default' || exit 0
    sleep 0.5
done
networkctl --no-legend list >&2
exit 1
