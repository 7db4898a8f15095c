module e2e/firestore

go 1.25.0

require e2e/probe v0.0.0

replace e2e/probe => ../probe
