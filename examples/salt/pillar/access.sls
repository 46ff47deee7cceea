# How the proxy of a switch reaches it. Let Salt's GPG renderer keep the password.
proxy:
  proxytype: connetos
  url: https://{{ opts.id }}.example.org
  username: ops
  password: secret
  ca_file: /etc/connetos/{{ opts.id }}.pem
