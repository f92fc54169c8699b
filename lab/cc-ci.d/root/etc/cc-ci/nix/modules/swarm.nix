# The swarm and the overlay that every recipe under test joins.
{ pkgs, ... }:
{
  virtualisation.docker.enable = true;

  systemd.services.swarm-init = {
    description = "Docker Swarm and the shared overlay";
    after = [ "docker.service" ];
    wantedBy = [ "multi-user.target" ];
    path = [ pkgs.docker ];
    serviceConfig = { Type = "oneshot"; RemainAfterExit = true; };
    script = ''
      docker network inspect proxy >/dev/null 2>&1 || docker network create --driver overlay --attachable proxy
    '';
  };
}
