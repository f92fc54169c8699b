# A NixOS module: the reference host's swarm-init. Networks and settings are written as headroom reads them, so that what
# its documents say holds here, too; JSON is YAML.
#
#   services.headroom = {
#     enable = true;
#     package = pkgs.callPackage ./headroom-package.nix { };
#     networks.proxy = {
#       attachable = true;
#       ipam.config = [ { subnet = "10.10.0.0/16"; } ];
#     };
#     settings.reserve = [ "10.20.0.0/16" ];
#   };
{ config, lib, pkgs, ... }:

let
  cfg = config.services.headroom;
  networks = pkgs.writeText "networks.yaml" (builtins.toJSON { inherit (cfg) networks; });
  settings = pkgs.writeText "headroom.yaml" (builtins.toJSON cfg.settings);
in
{
  options.services.headroom = {
    enable = lib.mkEnableOption "networks of the swarm, declared and ensured by headroom";

    package = lib.mkOption {
      type = lib.types.package;
      description = "The package that has bin/headroom.";
    };

    networks = lib.mkOption {
      type = lib.types.attrsOf (lib.types.attrsOf lib.types.anything);
      default = { };
      description = "Overlays of the swarm, each as in the section networks: of a Compose file.";
    };

    settings = lib.mkOption {
      type = lib.types.attrsOf lib.types.anything;
      default = { };
      description = "What stands in /etc/headroom/headroom.yaml.";
    };
  };

  config = lib.mkIf cfg.enable {
    environment.systemPackages = [ cfg.package ];
    environment.etc."headroom/headroom.yaml".source = settings;
    environment.etc."headroom/networks.yaml".source = networks;

    systemd.services.swarm-init = lib.mkIf (cfg.networks != { }) {
      description = "Networks of the swarm, as declared";
      wantedBy = [ "multi-user.target" ];
      wants = [ "docker.service" ];
      after = [ "docker.service" ];
      serviceConfig = {
        Type = "oneshot";
        RemainAfterExit = true;
        # The path in the store: another declaration is another unit, and is run by a rebuild.
        ExecStart = "${cfg.package}/bin/headroom --config ${settings} ensure ${networks}";
        # Drift is told in the journal, and must not keep a host from coming up.
        SuccessExitStatus = 4;
        NoNewPrivileges = true;
        PrivateTmp = true;
        ProtectSystem = "strict";
      };
    };
  };
}
