"""The metrics of the video-matting papers, each over the alphas of one clip.

Scales, the averages over frames, and the parameters of Grad and Conn are those of the evaluation that Robust Video
Matting published (Lin et al., WACV 2022, arXiv 2108.11515; ``evaluation/evaluate_lr.py`` of its repository), which later papers report in.
Smaller is better, and 0 is reached by the truth alone or by what a metric does not see.
"""
