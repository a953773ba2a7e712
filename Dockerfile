# One recipe for the plain Python images: docker build --build-arg PROJECT=kafka-producer .
FROM python:3.11-slim-bookworm

ARG PROJECT
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

COPY constraints.txt ./
COPY telemetry /build/telemetry
COPY ${PROJECT} /build/project
RUN pip install -c constraints.txt /build/telemetry /build/project && rm -rf /build

COPY scripts/demo-history.sh scripts/collect-fleet.sh scripts/
COPY config config
COPY data/samples data/samples

# Who called start.sh, so that the secrets, which nobody else may read, can be read here.
ARG UID=10001
ARG GID=10001
RUN groupadd --non-unique --gid "${GID}" gpustream && \
    useradd --non-unique --uid "${UID}" --gid "${GID}" --home-dir /tmp --no-create-home gpustream && \
    install -d -o gpustream -g gpustream /state /uploads /observability
USER ${UID}:${GID}
