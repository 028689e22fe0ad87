# 一个节点的镜像 · One node:  docker build -t woshou . && docker run -v woshou:/data -p 8000:8000 woshou
# 定时任务是另一个进程 · The jobs are a process of their own:  docker run --no-healthcheck -v woshou:/data woshou jobs
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY requirements.lock ./
RUN python3 -m venv /opt/woshou \
    && /opt/woshou/bin/pip install --no-deps --only-binary :all: --require-hashes -r requirements.lock
COPY . ./
RUN /opt/woshou/bin/pip install --no-deps --no-build-isolation --no-index .

FROM ${BASE}
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin woshou \
    && install -d -o woshou -m 0700 /data
COPY --from=build /opt/woshou /opt/woshou
ENV PATH=/opt/woshou/bin:$PATH PYTHONUNBUFFERED=1 WOSHOU_DATA=/data WOSHOU_HOST=0.0.0.0
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["/opt/woshou/bin/python", "-c", \
    "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ.get('WOSHOU_PORT', '8000')}/.well-known/migrant-exchange\", timeout=4).close()"]
ENTRYPOINT ["woshou"]
CMD ["serve"]
