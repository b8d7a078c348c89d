import lamin_lite as ln

ln.settings.sync_git_repo = "https://github.com/my-lab/my-analyses"

ln.track()  # the transform refers to the commit that holds this very file, once that is pushed
ln.finish()
