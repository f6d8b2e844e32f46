# shellcheck shell=bash
# Bridges, addresses and NAT of one lab. The kernel is the register: the number X is free when the bridge clXm can be made, and
# the bridge's alias says whose it is, so that a lab whose files are lost can still be taken down, and nobody else's is.
#
#   clXm 10.77.X.1/24  management (host0 of the nodes; this machine and the way out)
#   clXp 10.78.X.1/24  provider network (prov0, without an address in the nodes; NAT too)
#   clXc               cluster network (clus0, 10.79.X.N in the nodes; no address here)

alias_text() { printf 'cpmg-lab %s' "$I_DIR"; }

# Numbers of this instance's subnets, normally one; also those that an unclean end left.
own_numbers() {
  local path
  for path in /sys/class/net/cl*m; do
    [ -e "$path" ] || continue
    [ "$(cat "$path/ifalias" 2>/dev/null)" = "$(alias_text)" ] || continue
    path=${path##*/cl}
    echo "${path%m}"
  done
}

other_labs() { # are there labs besides number X?
  local path
  for path in /sys/class/net/cl*m; do
    [ -e "$path" ] && [[ ${path##*/} =~ ^cl[0-9]+m$ ]] && [ "${path##*/}" != "cl$1m" ] && return 0
  done
  return 1
}

# Makes the bridges under the first free number; sets X.
net_up() {
  lock_machine
  for ((X = 1; X <= 250; X++)); do
    [ -z "$(ip -4 route show root "10.77.$X.0/24")$(ip -4 route show root "10.78.$X.0/24")" ] || continue
    ip link add "cl${X}m" type bridge 2>/dev/null && break
  done
  [ "$X" -le 250 ] || die "no free subnet in 10.77.0.0/16"
  ip link set "cl${X}m" alias "$(alias_text)"
  ip link add "cl${X}p" type bridge
  ip link add "cl${X}c" type bridge
  ip address add "10.77.$X.1/24" dev "cl${X}m"
  ip address add "10.78.$X.1/24" dev "cl${X}p"
  local letter
  for letter in "${NIC_LETTERS[@]}"; do ip link set "cl$X$letter" up; done
  nft -f - <<END || die "nft refused the lab's NAT rules"
table ip cpmg_lab_$X {
  chain out {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr { 10.77.$X.0/24, 10.78.$X.0/24 } oifname != { "cl${X}m", "cl${X}p" } masquerade
  }
  chain apart {
    type filter hook forward priority filter; policy accept;
    iifname { "cl${X}m", "cl${X}p" } oifname "cl*" oifname != { "cl${X}m", "cl${X}p" } drop comment "labs do not see each other"
  }
}
END
  # A firewall that drops what it does not know (docker's, ufw's) would drop the nodes' packets before our table matters.
  if command -v iptables >/dev/null && iptables -w -S FORWARD 2>/dev/null | grep -qx -- '-P FORWARD DROP'; then
    for letter in m p; do
      iptables -w -I FORWARD -i "cl$X$letter" -m comment --comment "cpmg-lab-$X" -j ACCEPT
      iptables -w -I FORWARD -o "cl$X$letter" -m comment --comment "cpmg-lab-$X" -j ACCEPT
    done
  fi
  other_labs "$X" || rm -f /run/cpmg-lab-forwarding-was-off # of a machine that was restarted
  if [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 0 ]; then
    : >/run/cpmg-lab-forwarding-was-off
    echo 1 >/proc/sys/net/ipv4/ip_forward
  fi
  unlock_machine
}

net_down() { # X ; of this instance, or half gone
  local letter rule
  lock_machine
  nft delete table ip "cpmg_lab_$1" 2>/dev/null
  if command -v iptables >/dev/null; then
    iptables -w -S FORWARD 2>/dev/null | grep -- "--comment \"\?cpmg-lab-$1\"\? " | tr -d '"' | while read -r _ rule; do
      # shellcheck disable=SC2086
      iptables -w -D $rule
    done
  fi
  for letter in p c m; do ip link delete "cl$1$letter" 2>/dev/null; done # the one with the alias last
  if [ -e /run/cpmg-lab-forwarding-was-off ] && ! other_labs "$1"; then
    echo 0 >/proc/sys/net/ipv4/ip_forward
    rm -f /run/cpmg-lab-forwarding-was-off
  fi
  unlock_machine
}
