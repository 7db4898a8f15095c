module unleak/behaviour

go 1.26
