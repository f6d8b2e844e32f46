# Written by cpmg
OPENSTACK_HOST = "{{ controllers[0].name }}"
OPENSTACK_KEYSTONE_URL = "http://%s:5000/v3" % OPENSTACK_HOST
OPENSTACK_KEYSTONE_MULTIDOMAIN_SUPPORT = True
OPENSTACK_KEYSTONE_DEFAULT_DOMAIN = "Default"
OPENSTACK_KEYSTONE_DEFAULT_ROLE = "{{ vars.DEFAULT_ROLE }}"
OPENSTACK_API_VERSIONS = {"identity": 3, "image": 2, "volume": {{ vars.VOLUME_API }}}
ALLOWED_HOSTS = [{{ vars.ALLOWED_HOSTS }}]
WEBROOT = "{{ vars.WEBROOT }}"
TIME_ZONE = "{{ vars.TIME_ZONE }}"
{% if vars.COMPRESS %}
COMPRESS_ENABLED = True
COMPRESS_OFFLINE = True
{% endif %}
{% if not vars.SELF_SERVICE %}
OPENSTACK_NEUTRON_NETWORK = {"enable_router": False, "enable_fip_topology_check": False}
{% endif %}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {
    "default": {
        "BACKEND": "{{ vars.CACHE }}",
        "LOCATION": "{{ controllers[0].name }}:11211",
    }
}
