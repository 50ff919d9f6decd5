"""What one person may see and do in the console. Pages read and act through these classes only.

Begin reading at ``console.viewer.viewer``. Each method limits itself to the person's scope and rights.
"""
