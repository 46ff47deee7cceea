# Which minion gets which pillar: a switch only ever sees its own.
base:
  'leaf*':
    - access
    - site
  leaf1:
    - leaf1
  leaf2:
    - leaf2
  rack1:
    - rack1
