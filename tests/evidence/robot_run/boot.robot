*** Settings ***
Documentation    x

*** Test Cases ***
Domain Boots
    [Documentation]    It boots.
    # [XenTest->XenArch~a~1]
    Log    hello

# [XenTest->XenArch~b~1]
Domain Stops
    [Tags]    smoke    xenfusa.partially-verifies:XenArch~c~1    TestType:requirements-based
    Log    bye

*** Keywords ***
Helper
    # [XenTest->XenArch~d~1]
    Log    x
