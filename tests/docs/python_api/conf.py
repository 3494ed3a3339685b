project = "Brakes"
extensions = ["sphinx_xenfusa"]
xenfusa_confirm = "off"
xenfusa_test_reports = ["report.xml"]
