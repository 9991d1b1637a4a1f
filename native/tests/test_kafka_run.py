from native.servers.kafka.run import properties


def test_properties_are_made_of_the_environment_as_in_the_official_image() -> None:
    env = {
        "KAFKA_LOG_DIRS": "/data",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
        "KAFKA_HEAP_OPTS": "-Xmx1m",
        "PATH": "/bin",
    }
    assert properties(env) == {"auto.create.topics.enable": "false", "log.dirs": "/data"}
