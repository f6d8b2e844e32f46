#!/bin/sh
# Runs on the machine "cobbler" after pip: what Cobbler's wheel leaves to the packager.
set -eu
# Its data files lie beside the module; it has no empty directories, without which every save fails.
top=$(python3 -c 'import cobbler, os; print(os.path.dirname(os.path.dirname(cobbler.__file__)))')
for place in etc/cobbler var/lib/cobbler var/www/cobbler usr/share/cobbler; do
  mkdir -p "/$place"
  cp -a "$top/$place/." "/$place/"
done
for kind in distros profiles systems repos images mgmtclasses packages files menus; do
  mkdir -p "/var/lib/cobbler/collections/$kind"
done
for kind in distro profile system repo image mgmtclass package file menu; do
  for when in add delete; do mkdir -p "/var/lib/cobbler/triggers/$when/$kind/pre" "/var/lib/cobbler/triggers/$when/$kind/post"; done
done
for kind in sync install; do mkdir -p "/var/lib/cobbler/triggers/$kind/pre" "/var/lib/cobbler/triggers/$kind/post"; done
mkdir -p /var/lib/cobbler/triggers/install/firstboot /var/lib/cobbler/triggers/change /var/log/cobbler/tasks \
  /srv/tftpboot/pxelinux.cfg /srv/tftpboot/grub/system /var/www/cobbler/images /var/www/cobbler/distro_mirror /var/www/cobbler/links \
  /var/www/cobbler/misc /var/www/cobbler/pub /var/www/cobbler/rendered /var/www/cobbler/repo_mirror
address=$(ip -o -4 address show dev host0 | sed 's/.* inet \([0-9.]*\).*/\1/')
sed -i "s/^server:.*/server: $address/; s/^next_server_v4:.*/next_server_v4: $address/" /etc/cobbler/settings.yaml

cat >/etc/systemd/system/cobblerd.service <<END
[Unit]
Description=Cobbler
After=network.target
[Service]
ExecStart=$(command -v cobblerd) -F
[Install]
WantedBy=multi-user.target
END
# As its own apache.conf, without the aliases that only full installations need.
cat >/etc/apache2/conf-available/cobbler.conf <<'END'
ServerName cobbler
ProxyRequests off
ProxyPass /cobbler_api http://127.0.0.1:25151/
ProxyPassReverse /cobbler_api http://127.0.0.1:25151/
WSGIScriptAliasMatch ^/cblr/svc/([^/]*) /var/www/cobbler/svc/services.py
<Directory "/var/www/cobbler">
  Require all granted
</Directory>
END
a2enmod -q proxy proxy_http wsgi >/dev/null
a2enconf -q cobbler >/dev/null
systemctl daemon-reload
systemctl restart cobblerd apache2
