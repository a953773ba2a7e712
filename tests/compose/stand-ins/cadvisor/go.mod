module cadvisor

go 1.25
