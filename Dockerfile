# The service alone, on a base image with Node 24.11 or newer: no tests, no development dependencies.
# A release passes its base by digest: --build-arg BASE=node@sha256:…
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The base image has the Node that the optional dependencies would bring.
RUN npm ci --omit=dev --omit=optional
# `npm sbom --omit=dev` leaves out what is ours and a development tool's peer alike, so the tools go first.
RUN npm pkg delete devDependencies optionalDependencies && npm sbom --sbom-format=cyclonedx > sbom.json

FROM ${BASE}
# The image is not written to, so no compiled code is kept in it.
ENV NODE_ENV=production NODE_DISABLE_COMPILE_CACHE=1 HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=dependencies /app/sbom.json ./
COPY package.json app.yml ./
COPY src ./src
# The one place that is written to; everything else may be mounted read-only.
RUN mkdir -m 700 /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/start.js"]
