# The hub: API and worker are the same image with another command.
FROM python:3.11-slim

WORKDIR /srv/liandong
COPY constraints.txt pyproject.toml README.md ./
COPY app app
COPY migrations migrations
COPY alembic.ini ./
RUN pip install --no-cache-dir -c constraints.txt -e . \
 && useradd --system --home-dir /srv/liandong --shell /usr/sbin/nologin liandong \
 && install -d -o liandong /srv/liandong/data
USER liandong

EXPOSE 8000
CMD ["liandong", "api", "--host", "0.0.0.0"]
