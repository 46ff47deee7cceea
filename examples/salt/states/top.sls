base:
  'leaf*':
    - switch
