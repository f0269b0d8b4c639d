"""The course as a site of static pages: `make site` builds it into build/site, from disk or from any static host it reads the same.

The notebooks are not run: what they show is what is stored in them. An explorer is made anew, by the lines of its own page, where those
lead back to stored models and data alone (`explorers`); its picture is then painted in the browser, without a kernel.
"""
