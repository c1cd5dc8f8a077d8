"""Other embeddings of the prompts, to see what of a result is the encoder's."""

from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer

__all__ = ["ENCODERS", "first_components", "word_counts"]

N_COMPONENTS = 64


def first_components(data, n_components=N_COMPONENTS):
    """Keep the first principal components of the data's embeddings.

    Parameters
    ----------
    data : RoutingData
        With embeddings.
    n_components : int, default 64

    Returns
    -------
    ndarray of shape (n_prompts, n_components)
        Not whitened, so that distances are those within the subspace. The components are those of
        all prompts of the data, without labels.

    Notes
    -----
    An experiment of ours; the paper has one encoder in each. Chapter 13.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket
    >>> first_components(load_pocket()).shape
    (8000, 64)
    """
    return PCA(n_components, random_state=0).fit_transform(data.embeddings)


def word_counts(data, n_components=384):
    """Embed the prompts by their words alone: TF-IDF and a truncated singular value decomposition.

    Parameters
    ----------
    data : RoutingData
        With the texts of its prompts.
    n_components : int, default 384
        As many as MiniLM has.

    Returns
    -------
    ndarray of shape (n_prompts, n_components)
        Of length 1 (or 0). Words and weights are those of all prompts of the data, without labels.

    Notes
    -----
    What an encoder without any training would see. Chapter 13.

    Examples
    --------
    >>> from uniroute_lab.pocket import load_pocket
    >>> word_counts(load_pocket(), n_components=10).shape
    (8000, 10)
    """
    words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
    svd = TruncatedSVD(n_components, random_state=0)
    return make_pipeline(words, svd, Normalizer()).fit_transform(data.prompts).astype("float32")


ENCODERS = {
    "MiniLM": lambda data: data.embeddings,
    "first 64 components": first_components,
    "TF-IDF and SVD": word_counts,
}
