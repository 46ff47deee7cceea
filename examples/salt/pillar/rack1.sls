# One process that runs the proxies of both switches: salt-proxy --proxyid=rack1, with metaproxy: deltaproxy.
proxy:
  proxytype: deltaproxy
  ids: [leaf1, leaf2]
