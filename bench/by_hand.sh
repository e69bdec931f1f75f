# shellcheck shell=bash
# The steps of a deploy as one shell script, for one ssh connection: what bench/deploy.py compares
# the role with. The same tools, files and waits, without any check of what is there already, and
# without the way back. Runs on the host as root; the source comes as a tar.gz on standard input.
#
#   by_hand.sh new | release | nothing
set -euo pipefail
what=$1
name=byhand
home=/srv/$name
uv=/opt/$name/bin/uv
stream='/api/stream?count=30&interval=0.02'
export DEBIAN_FRONTEND=noninteractive UV_CACHE_DIR=$home/cache UV_COMPILE_BYTECODE=1 UV_NO_PROGRESS=1

prepare() {
  apt-get -qq update
  apt-get -qq install -y ca-certificates nginx python3-packaging python3-venv python3-pycurl curl >/dev/null
  useradd --system --home-dir "$home" --shell /usr/sbin/nologin "$name"
  python3 -m venv /opt/$name
  /opt/$name/bin/pip --quiet install "uv==$UV_VERSION"
  rm -f /etc/nginx/sites-enabled/default
  mkdir -p "$home/releases"
}

release() {
  local id old dir
  id=$(date +%s%N)
  old=$(readlink $home/current || true)
  dir=$home/releases/$id
  mkdir -p "$dir/src"
  tar -xzf - -C "$dir/src"
  cat >"$dir/gunicorn.conf.py" <<END
worker_class = "uvicorn_worker.UvicornWorker"
wsgi_app = "main:app"
workers = 2
keepalive = 75
END
  cat >/etc/systemd/system/$name-"$id".service <<END
[Service]
Type=notify
User=$name
WorkingDirectory=$dir/src
ExecStart=$dir/venv/bin/gunicorn --config $dir/gunicorn.conf.py
Requires=$name-$id.socket
KillMode=mixed
[Install]
WantedBy=multi-user.target
END
  cat >/etc/systemd/system/$name-"$id".socket <<END
[Socket]
ListenStream=/run/$name-$id.sock
SocketGroup=www-data
SocketMode=0660
END
  cd "$dir/src"
  $uv --quiet venv --python /usr/bin/python3 "$dir/venv"
  export VIRTUAL_ENV=$dir/venv UV_PYTHON=$dir/venv/bin/python
  $uv --quiet pip install --requirements requirements.txt
  # shellcheck disable=SC2086 # some words
  $uv --quiet pip install $SERVER_PACKAGES
  runuser -u $name -- "$dir/venv/bin/gunicorn" --config "$dir/gunicorn.conf.py" --check-config 2>/dev/null
  sync --file-system "$dir"
  systemctl daemon-reload
  systemctl enable --now --quiet $name-"$id".socket $name-"$id".service 2>/dev/null
  until curl -sf -o /dev/null --unix-socket /run/$name-"$id".sock http://localhost/readyz; do sleep 0.05; done
  curl -s -o /dev/null --unix-socket /run/$name-"$id".sock "http://localhost$stream"
  cat >/etc/nginx/conf.d/$name.conf <<END
upstream $name {
    server unix:/run/$name-$id.sock;
    keepalive 64;
}
server {
    listen 80 default_server;
    location / {
        proxy_pass http://$name;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_buffering off;
    }
}
END
  nginx -t -q
  systemctl enable --now --quiet nginx
  systemctl reload nginx
  ln -sfn "$dir" $home/current
  nothing
  if [[ -n $old ]]; then
    systemctl disable --now --quiet --no-block $name-"$(basename "$old")".socket $name-"$(basename "$old")".service
  fi
}

nothing() {
  systemctl is-active --quiet nginx
  until curl -sf -o /dev/null http://localhost/readyz; do sleep 0.05; done # an old worker may answer
  curl -s -o /dev/null "http://localhost$stream"
}

case $what in
  new)
    prepare </dev/null # the source is for the release
    release
    ;;
  release) release ;;
  nothing) nothing ;;
esac
