# A switch as its pillar says, in one transaction, which the switch rolls back unless all is well afterwards.
switch:
  connetos_config.managed:
    - document: {{ pillar.configuration | tojson }}
    - confirm: 60

as configured:
  connetos_check.as_configured:
    - require:
      - connetos_config: switch

keep it:
  connetos_config.confirmed:
    - onchanges:
      - connetos_config: switch
    - require:
      - connetos_check: as configured

boots with it:
  connetos_config.saved:
    - require:
      - connetos_config: keep it
