project = "Gateway"
extensions = ["sphinx_xenfusa"]
html_theme = "basic"
xenfusa_cache_dir = "../cache"
