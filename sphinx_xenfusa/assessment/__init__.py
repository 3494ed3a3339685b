"""Floor 3: holds a configuration against the rules of the document, the checks for Xen, and the model.

``completions``  what a configuration may stand for while something of it is not said; ``rules``  each rule, advice and assumption
of use on it; ``checks``  what makes it unsafe or impossible on Xen; ``harm``  who can interfere with whom under a policy;
``assess``  all of it, and whether the platform is compatible; ``report``  the same as data and in words.
"""
