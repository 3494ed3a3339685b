# syntax=docker/dockerfile:1
FROM --platform=linux/amd64 debian:trixie-slim
LABEL maintainer.name="The Xen Project"
LABEL maintainer.email="xen-devel@lists.xenproject.org"

# What `make wheel` wrote in a clone of sphinx_xenfusa.
COPY sphinx_xenfusa-*.whl /tmp/
RUN apt-get update && \
    apt-get -y --no-install-recommends install git-core python3-venv && \
    rm -rf /var/lib/apt/lists* && \
    python3 -m venv /opt/fusa && \
    /opt/fusa/bin/pip install --no-cache-dir /tmp/sphinx_xenfusa-*.whl sphinx-rtd-theme

ENV PATH=/opt/fusa/bin:$PATH
RUN useradd --create-home user
USER user
WORKDIR /build
