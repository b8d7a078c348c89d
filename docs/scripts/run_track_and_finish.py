import lamin_lite as ln

ln.track()  # from here on, what is read and saved belongs to this run

with open("counts.csv", "w") as file:
    file.write("gene,count\nCD8A,3\nCD4,5\n")
ln.Artifact("counts.csv", key="counts.csv").save()

ln.finish()  # the run is completed; without this line it is at the end of the script
